import HostSystem

/// Rows of a table that a promotion would take away from those who read it.
package struct RowDeletion: Equatable, Sendable {
    package var output: String
    package var rows: Int64
    /// Of the version that is left.
    package var total: Int64

    package init(output: String, rows: Int64, of total: Int64) {
        self.output = output
        self.rows = rows
        self.total = total
    }

    /// More than a tenth: a correction seldom takes so much away, an input that was not read does.
    var isLarge: Bool { rows > total / 10 }

    package var text: String { "\(rows) of \(total) rows of \"\(output)\"" }
}

extension AuditRecord {
    /// Of tables that would lose more than a tenth of their rows. Rows that were only added are not taken back by a promotion.
    package var largeDeletions: [RowDeletion] {
        let report: JSONValue
        do throws(JSONSyntaxError) {
            report = try JSONValue(parsing: Array(json.utf8))
        } catch {
            // Somebody else's report: it says nothing of rows.
            return []
        }
        return (report["outputs"]?.arrayValue ?? []).compactMap { output in
            guard output["kind"]?.stringValue == "keyed", let name = output["name"]?.stringValue,
                let old = output["rows"]?["old"]?.integerValue, let gone = output["rows"]?["onlyOld"]?.integerValue
            else { return nil }
            let deletion = RowDeletion(output: name, rows: gone, of: old)
            return deletion.isLarge ? deletion : nil
        }
    }
}
