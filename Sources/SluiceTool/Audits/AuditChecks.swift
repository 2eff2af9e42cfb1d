import Columnar
import Deployment
import Operators
import StreamSQL

/// Runs the queries of an audit folder, each by itself.
struct AuditChecks {
    let tables: AuditTables
    let runner: QueryRunner

    private static let shownRows = 10

    func run(_ folder: AuditFolder) -> [AuditCheck] {
        folder.checks.map { name, onlyWarns, text in
            do throws(ToolFailure) {
                return AuditCheck(name: name, onlyWarns: onlyWarns, outcome: try violations(text))
            } catch {
                return AuditCheck(name: name, onlyWarns: onlyWarns, outcome: .doesNotRun(error.text))
            }
        }
    }

    private func violations(_ text: AuditFolder.Text) throws(ToolFailure) -> AuditCheck.Outcome {
        var session: QuerySession
        do throws(SQLError) {
            session = try QuerySession(provider: tables.provider)
        } catch {
            throw ToolFailure(error, in: text.bytes, called: text.file)
        }
        var (hasQuery, count) = (false, 0)
        var (columns, sample): ([String], [[String]]) = ([], [])
        try session.run(text.bytes) { error in
            ToolFailure(error, in: text.bytes, called: text.file)
        } perform: { (action, settings) throws(ToolFailure) in
            switch action {
            case .nothing: return
            case .text, .rows:
                throw ToolFailure(
                    message: "\(text.file): a check is a query, whose rows are violations",
                    hint: "leave EXPLAIN, DESCRIBE and SHOW to 'sluice sql'")
            case .query(let query):
                hasQuery = true
                let batches = try runner.rows(of: query, settings)
                let texts = RowTexts(query.fields)
                if count == 0 { columns = texts.fields.map(\.name) }
                for batch in batches {
                    let wanted = count == 0 || !sample.isEmpty ? Self.shownRows - sample.count : 0
                    if columns == texts.fields.map(\.name) { sample += Self.values(texts.apply(batch), most: wanted) }
                    count += batch.rowCount
                }
            }
        }
        guard hasQuery else {
            throw ToolFailure(
                message: "\(text.file): there is no query in it", hint: "a check is a query, whose rows are violations")
        }
        return .violations(count: count, columns: columns, sample: sample)
    }

    private static func values(_ batch: Batch, most: Int) -> [[String]] {
        (0..<max(0, min(most, batch.rowCount))).map { row in batch.columns.map { RowText.value($0, row) } }
    }
}
