import Columnar
import Dataflow
import Operators

// From the optimised plan to the job graph. Operators are chained into one vertex as long as each has one input and needs
// no exchange; a new vertex begins at an aggregation, whose rows come by key, and at a union, whose inputs must be aligned.
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

    private init(_ quarantine: QuarantinePlan? = nil) { self.quarantine = quarantine }

    /// - Parameters:
    ///   - sinks: the optimised plans of a job, each with a sink at its root.
    ///   - quarantine: nil: there is none.
    package static func plan(_ sinks: [LogicalPlan], quarantine: QuarantinePlan? = nil) -> JobGraph {
        var planner = JobPlanner(quarantine)
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
        var planner = JobPlanner()
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
        case .scan(let scan): return source(scan)
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
            if sink.table.isChangelog {
                // All changes of a key are to come from one subtask.
                chain = OpenChain(
                    name: "Sink[\(sink.table.name)]", links: [],
                    inputs: [VertexInput(close(chain), .keyed(sink.keyColumns))],
                    table: chain.table)
            }
            chain.links.append(description(of: sink))
            return chain
        }
    }

    private mutating func source(_ scan: Scan) -> OpenChain {
        let source = scan.description(operatorID: takeOperatorID())
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
        let fields = sink.table.columns.enumerated().map { index, field in
            Field(field.name, field.type, isNullable: !sink.notNullColumns.contains(index))
        }
        let (operatorID, table) = (takeOperatorID(), sink.table.name)
        switch sink.table.connector {
        case .datagen, .nexmark:
            preconditionFailure("the binder refuses to write to \(sink.table.connector.name)")
        case .log(let topic):
            return TopicSinkDescription(
                operatorID: operatorID, table: table, topic: topic.topic, fields: sink.table.columns,
                key: sink.table.primaryKey, partitions: topic.partitions, compression: topic.compression,
                retention: topic.retention)
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
