import Columnar
import Dataflow
import Operators

// From the optimised plan to the job graph. Operators are chained into one vertex as long as each has one input and needs
// no exchange; a new vertex begins at an aggregation, whose rows come by key, at a union, whose inputs must be aligned, and
// behind a table that is both written and read: one vertex gives its rows, to the sink and to everyone who reads them.
// Operators are numbered in the order of this walk, which depends on the plan alone: state is kept under these numbers.

package struct JobPlanner {
    /// Links on top of which more can stand, and where their rows come from.
    private struct OpenChain {
        var name: String
        var source: (any SourceDescription)?
        var links: [any LinkDescription]
        var inputs: [VertexInput]
        /// The source table that its rows are of; of several the first.
        var table: String
    }

    private var vertices: [Vertex] = []
    private var nextOperatorID: UInt32 = 1
    private let quarantine: QuarantinePlan?
    /// By source table, in their order: the vertices whose side outputs go to its quarantine.
    private var quarantined: [(table: String, vertices: [Int])] = []
    /// By table that the job both writes and reads: the vertex that gives its rows.
    private var wired: [String: Int] = [:]

    /// There are windows of processing time.
    private let isTimed: Bool

    private init(_ plans: [LogicalPlan], _ quarantine: QuarantinePlan? = nil) {
        self.quarantine = quarantine
        isTimed = plans.contains(where: \.usesProcessingTime)
    }

    /// - Parameters:
    ///   - sinks: the optimised plans of a job, each with a sink at its root, those that fill a table before those that
    ///     read it.
    ///   - quarantine: nil: there is none.
    package static func plan(_ sinks: [LogicalPlan], quarantine: QuarantinePlan? = nil) -> JobGraph {
        var planner = JobPlanner(sinks, quarantine)
        for sink in sinks { planner.close(planner.chain(sink)) }
        planner.addQuarantines()
        return JobGraph(vertices: planner.vertices, fingerprint: sinks.flatMap { fingerprintLines($0) })
    }

    /// - Parameter query: the optimised plan of a query, whose rows go to `rows`.
    package static func plan(_ query: LogicalPlan, into rows: CollectedRows) -> JobGraph {
        plan(query) { CollectSinkDescription(operatorID: $0, rows: rows) }
    }

    /// - Parameters:
    ///   - query: the optimised plan of a query.
    ///   - sink: what its rows go to, made with an operator's number.
    package static func plan(_ query: LogicalPlan, into sink: (UInt32) -> any LinkDescription) -> JobGraph {
        var planner = JobPlanner([query])
        var chain = planner.chain(query)
        chain.links.append(sink(planner.takeOperatorID()))
        planner.close(chain)
        return JobGraph(vertices: planner.vertices, fingerprint: fingerprintLines(query))
    }

    private mutating func takeOperatorID(count: UInt32 = 1) -> UInt32 {
        defer { nextOperatorID += count }
        return nextOperatorID
    }

    @discardableResult
    private mutating func close(_ chain: OpenChain) -> Int {
        vertices.append(
            Vertex(name: chain.name, source: chain.source, links: chain.links, inputs: chain.inputs))
        let vertex = vertices.count - 1
        let keepsLateRows = chain.links.contains { ($0 as? WindowAggregateDescription)?.quarantinesLateRows == true }
        if quarantine?.takesBadRecords == true || keepsLateRows { addToQuarantine(of: chain.table, vertex) }
        return vertex
    }

    private mutating func addToQuarantine(of table: String, _ vertex: Int) {
        if let known = quarantined.firstIndex(where: { $0.table == table }) {
            quarantined[known].vertices.append(vertex)
        } else {
            quarantined.append((table, [vertex]))
        }
    }

    /// Behind all others, so that operators have the numbers that they have without.
    private mutating func addQuarantines() {
        guard let quarantine else { return }
        for (table, inputs) in quarantined {
            let sink = quarantine.sink(of: table, operatorID: takeOperatorID())
            vertices.append(
                Vertex(
                    name: "Quarantine[\(table)]", links: [sink], inputs: inputs.map { VertexInput(sideOutputOf: $0) }))
        }
    }

    private mutating func chain(_ plan: LogicalPlan) -> OpenChain {
        switch plan {
        case .scan(let scan): return scan.isWired ? table(scan) : source(scan)
        case .filter(let filter):
            var chain = chain(filter.input)
            chain.links.append(FilterDescription(condition: filter.condition, columns: filter.input.fields))
            return chain
        case .project(let projection):
            var chain = chain(projection.input)
            chain.links.append(
                ProjectDescription(expressions: projection.items.map(\.expression), columns: projection.input.fields))
            return chain
        case .aggregate(let aggregation): return aggregate(aggregation)
        case .windows(let windows):
            var chain = chain(windows.input)
            chain.links.append(windows.description)
            return chain
        case .aggregateWindows(let aggregation): return aggregate(aggregation)
        case .unionAll(let union):
            let inputs = union.inputs.map { input in VertexInput(close(chain(input)), .forward) }
            return OpenChain(name: "Union", links: [], inputs: inputs, table: plan.tablesRead.first?.name ?? "")
        case .sink(let sink):
            var chain = chain(sink.input)
            if sink.isRead { chain = branch(chain, before: sink) }
            if sink.table.isChangelog {
                // All changes of a key are to come from one subtask.
                chain = OpenChain(
                    name: "Sink[\(sink.table.name)]", links: [],
                    inputs: [VertexInput(wired[sink.table.name] ?? close(chain), .keyed(sink.keyColumns))],
                    table: chain.table)
            }
            chain.links.append(description(of: sink))
            return chain
        }
    }

    /// The rows that a table gets, for the sink and for those who read them.
    private mutating func branch(_ chain: OpenChain, before sink: Sink) -> OpenChain {
        var chain = chain
        if !sink.notNullColumns.isEmpty {
            chain.links.append(NotNullRowsDescription(table: sink.table.name, fields: sink.checkedFields))
        }
        let vertex = close(chain)
        wired[sink.table.name] = vertex
        return OpenChain(
            name: "Sink[\(sink.table.name)]", links: [], inputs: [VertexInput(vertex, .forward)], table: chain.table)
    }

    /// A table that another plan of the job fills.
    private func table(_ scan: Scan) -> OpenChain {
        guard let vertex = wired[scan.table.name] else { preconditionFailure("a table is filled before it is read") }
        let schema = scan.table.schema
        let columns = scan.columns.compactMap { $0.path.count == 1 ? schema.index(of: $0.path[0]) : nil }
        precondition(columns.count == scan.columns.count, "a table with a ROW is not written")
        var chain = OpenChain(
            name: "Table[\(scan.table.name)]", links: [], inputs: [VertexInput(vertex, .forward)],
            table: scan.table.name)
        if columns != Array(schema.fields.indices) {
            chain.links.append(
                ProjectDescription(
                    expressions: columns.map { .column($0, schema.fields[$0].type) }, columns: schema.fields))
        }
        return chain
    }

    private mutating func source(_ scan: Scan) -> OpenChain {
        var source = scan.description(operatorID: takeOperatorID())
        if isTimed, var topic = source as? TopicSourceDescription {
            topic.isTimed = true
            source = topic
        }
        return OpenChain(
            name: "Source[\(scan.table.name)]", source: source, links: [], inputs: [], table: scan.table.name)
    }

    private mutating func aggregate(_ aggregation: WindowAggregation) -> OpenChain {
        let chain = chain(aggregation.input)
        let input = close(chain)
        var description = aggregation.description(operatorID: takeOperatorID())
        description.quarantinesLateRows = quarantine != nil && aggregation.quarantinesLateRows
        return OpenChain(
            name: aggregation.name, links: [description],
            inputs: [VertexInput(input, .keyed(aggregation.groupColumns))], table: chain.table)
    }

    private mutating func aggregate(_ aggregation: Aggregation) -> OpenChain {
        let chain = chain(aggregation.input)
        let input = close(chain)
        let types = aggregation.input.columns.map(\.type)
        var description = GroupAggregateDescription(
            operatorID: 0, keys: aggregation.groupColumns,
            keyTypes: aggregation.groupColumns.map { types[$0] }, calls: aggregation.calls,
            argumentTypes: aggregation.calls.map { call in call.argument.map { types[$0] } ?? .bigint },
            retracts: aggregation.retracts, givesRowOverNoRows: aggregation.givesRowOverNoRows)
        description.operatorID = takeOperatorID(count: description.operatorIDCount)
        let keys = aggregation.names.prefix(aggregation.groupColumns.count).joined(separator: ", ")
        return OpenChain(
            name: "GroupAggregate[\(keys)]", links: [description],
            inputs: [VertexInput(input, .keyed(aggregation.groupColumns))], table: chain.table)
    }

    private mutating func description(of sink: Sink) -> any LinkDescription {
        let fields = sink.checkedFields
        let (operatorID, table) = (takeOperatorID(), sink.table.name)
        switch sink.table.connector {
        case .datagen, .nexmark:
            preconditionFailure("the binder refuses to write to \(sink.table.connector.name)")
        case .log(let topic):
            var description = TopicSinkDescription(
                operatorID: operatorID, table: table, topic: topic.topic, fields: sink.table.columns,
                key: sink.table.primaryKey, partitions: topic.partitions, compression: topic.compression,
                retention: topic.retention)
            description.isReadByJob = sink.isRead
            return description
        case .blackhole: return BlackholeSinkDescription(operatorID: operatorID, table: table, fields: fields)
        case .print(let identifier):
            return PrintSinkDescription(
                operatorID: operatorID, table: table, fields: fields, identifier: identifier.isEmpty ? nil : identifier)
        case .filesystem(let files):
            let format: SinkFormat
            switch files.format {
            case .json(let options): format = .json(Self.writeOptions(options))
            case .debeziumJSON(let options): format = .debeziumJSON(Self.writeOptions(options))
            case .csv(let options):
                format = .csv(CSVWriteOptions(syntax: options.syntax, nullLiteral: options.nullLiteral))
            }
            return FileSinkDescription(
                operatorID: operatorID, table: table, folder: files.path, format: format, fields: fields,
                rolling: files.rolling)
        }
    }

    private static func writeOptions(_ options: JSONOptions) -> JSONWriteOptions {
        JSONWriteOptions(timestampStyle: options.timestampFormat == .sql ? .sql : .iso8601)
    }
}

extension Sink {
    /// The table's columns, NOT NULL where a NULL may arrive that must not.
    fileprivate var checkedFields: [Field] {
        table.columns.enumerated().map { index, field in
            Field(field.name, field.type, isNullable: !notNullColumns.contains(index))
        }
    }
}
