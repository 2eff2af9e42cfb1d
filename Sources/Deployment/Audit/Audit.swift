import Columnar
import CommitLog
import Dataflow
import Operators
import StreamSQL

/// Compares two versions of a job at a cut.
package struct Audit {
    package let cut: AuditCut
    package let options: AuditOptions
    package let expectations: [ExpectedDifference]
    private let log: CommitLogAccess
    private let state: JournalState

    /// - Errors: of the log.
    package init(
        _ cut: AuditCut, _ options: AuditOptions, expecting expectations: [ExpectedDifference] = [],
        in log: CommitLogAccess
    ) throws(JobFailure) {
        self.cut = cut
        self.options = options
        self.expectations = expectations
        self.log = log
        state = try log.settled()
    }

    /// An output of both versions; nil: one of them does not write it.
    package func rows(of output: AuditCut.Output) throws(JobFailure) -> OutputRows? {
        try OutputRows(output, in: state, log)
    }

    /// Gives an observer an output's differences, and all rows before.
    package func compare(
        _ rows: OutputRows, mayDiffer: [Bool]? = nil, _ observer: some OutputObserver
    ) throws(JobFailure) -> RowCounts {
        if rows.isKeyed {
            return try KeyedComparison(rows: rows, memoryBytes: options.memoryBytes).run(observer)
        }
        let none = [Bool](repeating: false, count: rows.columns.sharedCount)
        let comparison = AppendOnlyComparison(
            rows: rows, memoryBytes: options.memoryBytes, mayDiffer: mayDiffer ?? none)
        return try comparison.run(observer)
    }

    /// - Errors: `.failure(SQLError)` where an expectation says something of no output.
    package func report() throws(AuditError) -> AuditReport {
        let outputs = try foundOutputs()
        let bound = try bind(outputs.compactMap(\.rows))
        try checkWindow(outputs.compactMap(\.rows))
        var report = AuditReport(cut: cut, options: options, hasExpectations: !expectations.isEmpty, outputs: [])
        for (name, rows, outcome) in outputs {
            guard let rows else {
                report.outputs.append(OutputAudit(name: name, outcome: outcome))
                continue
            }
            let tally = OutputTally(rows, bound[name] ?? nil, options)
            let counts: RowCounts
            do throws(JobFailure) {
                counts = try compare(rows, mayDiffer: tally.mayDiffer, tally)
            } catch {
                throw .failed(error)
            }
            report.outputs.append(OutputAudit(name: name, outcome: .compared(tally.comparison(counts))))
        }
        return report
    }

    private typealias Found = (name: String, rows: OutputRows?, outcome: OutputAudit.Outcome)

    private func foundOutputs() throws(AuditError) -> [Found] {
        var found: [Found] = []
        for output in cut.outputs {
            do throws(JobFailure) {
                let rows = try rows(of: output)
                found.append((output.name, rows, output.new == nil ? .onlyOld : .onlyNew))
            } catch {
                guard error.kind == .conflict else { throw .failed(error) }
                found.append((output.name, nil, .incomparable(message: error.message, detail: error.detail)))
            }
        }
        return found
    }

    // MARK: Expectations

    /// By output, what is expected of it; nil where nothing is.
    private func bind(_ outputs: [OutputRows]) throws(AuditError) -> [String: ExpectationCoverage?] {
        var fitting: [String: [ExpectedDifference]] = [:]
        for expectation in expectations {
            do throws(SQLError) {
                for name in try Self.outputs(of: expectation, outputs) {
                    fitting[name, default: []].append(expectation)
                }
            } catch {
                throw .mistake(error, in: expectation)
            }
        }
        var bound: [String: ExpectationCoverage?] = [:]
        for rows in outputs {
            let its = fitting[rows.name] ?? []
            do throws(SQLError) {
                bound[rows.name] = try ExpectationCoverage(its, rows.columns, of: rows.name)
            } catch {
                guard let first = its.first else { preconditionFailure("a mistake is in an expectation") }
                throw .mistake(error, in: first)
            }
        }
        return bound
    }

    /// Those that it names, or that have what it names.
    private static func outputs(
        of expectation: ExpectedDifference, _ outputs: [OutputRows]
    ) throws(SQLError) -> [String] {
        if let name = expectation.output {
            guard let rows = outputs.first(where: { $0.name == name }) else {
                throw expectation.missing(outputs.map(\.name))
            }
            _ = try ExpectationCoverage([expectation], rows.columns, of: name)
            return [name]
        }
        var fitting: [String] = []
        var first: SQLError?
        for rows in outputs {
            do throws(SQLError) {
                _ = try ExpectationCoverage([expectation], rows.columns, of: rows.name)
                fitting.append(rows.name)
            } catch {
                first = first ?? error
            }
        }
        if fitting.isEmpty, let first { throw first }
        return fitting
    }

    private func checkWindow(_ outputs: [OutputRows]) throws(AuditError) {
        guard let window = options.window, !outputs.isEmpty,
            !outputs.contains(where: { $0.columns.time(window) != nil })
        else { return }
        throw .failed(
            JobFailure(
                .conflict, "no output has a TIMESTAMP column \"\(window)\"",
                detail: "outputs: \(outputs.map(\.name).joined(separator: ", "))",
                hint: "--window names the column that says when a row is of"))
    }
}

/// Why there is no report.
package enum AuditError: Error {
    case failed(JobFailure)
    /// In what is expected; its place is one of the text that the expectation was read from.
    case mistake(SQLError, in: ExpectedDifference)
}

/// Makes a report of what a comparison finds.
private final class OutputTally: OutputObserver {
    private let rows: OutputRows
    private let options: AuditOptions
    private var coverage: ExpectationCoverage?
    private var volume: VolumeTally?
    private var samples: SampleKeeper
    private var changedRows: [Int]
    private var unexpected = 0

    init(_ rows: OutputRows, _ coverage: ExpectationCoverage?, _ options: AuditOptions) {
        self.rows = rows
        self.options = options
        self.coverage = coverage
        volume = VolumeTally(options.window ?? "window_start", rows.columns, options.period)
        samples = SampleKeeper(rows.columns, limit: options.samples)
        changedRows = Array(repeating: 0, count: rows.columns.sharedCount)
    }

    var mayDiffer: [Bool]? { coverage?.named(rows.columns.sharedCount) }

    func take(_ rows: Batch, ofNew: Bool) throws(JobFailure) { try volume?.add(rows, ofNew: ofNew) }

    func take(_ rows: DifferentRows) throws(JobFailure) {
        if case .changed(_, _, let columns) = rows {
            for (index, column) in columns.enumerated() { changedRows[index] += column.count { $0 } }
        }
        let isExpected = coverage?.cover(rows) ?? [Bool](repeating: false, count: rows.rowCount)
        unexpected += isExpected.count { !$0 }
        samples.add(rows, isExpected: isExpected)
    }

    func comparison(_ counts: RowCounts) -> OutputComparison {
        let changed = zip(rows.columns.names, changedRows).filter { $0.1 > 0 }
        return OutputComparison(
            key: rows.key, counts: counts,
            changedColumns: changed.sorted { $0.1 > $1.1 }.map { (name: $0.0, rows: $0.1) },
            addedColumns: rows.addedColumns, removedColumns: rows.removedColumns,
            expectations: coverage?.outcomes ?? [], unexpected: unexpected, samples: samples.samples,
            volume: volume?.audit(tolerance: options.volumeTolerance))
    }
}
