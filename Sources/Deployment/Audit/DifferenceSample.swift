import Columnar
import HostSystem
import Operators

/// One difference, as it is shown.
package struct DifferenceSample: Sendable {
    package struct Value: Sendable {
        package var column: String
        /// nil: the version has no such row.
        package var old: String?
        package var new: String?
    }

    package var kind: DifferentRows.Kind
    /// Meant only where something is expected.
    package var isExpected: Bool
    /// Of the key's columns.
    package var key: [Value]
    /// Of a changed row the columns that differ, of another one all.
    package var values: [Value]
    /// Whole rows.
    package var old: JSONValue?
    package var new: JSONValue?
}

/// Keeps the first differences of each kind, those that are not expected before others.
struct SampleKeeper {
    private let describer: DifferenceDescriber
    private let limit: Int
    private var kept: [DifferentRows.Kind: (unexpected: [DifferenceSample], expected: [DifferenceSample])] = [:]

    init(_ columns: OutputColumns, limit: Int) {
        describer = DifferenceDescriber(columns)
        self.limit = limit
    }

    var samples: [DifferenceSample] {
        DifferentRows.Kind.allCases.flatMap { kind -> [DifferenceSample] in
            guard let (unexpected, expected) = kept[kind] else { return [] }
            return unexpected + expected.prefix(limit - unexpected.count)
        }
    }

    mutating func add(_ rows: DifferentRows, isExpected: [Bool]) {
        for row in isExpected.indices {
            let count = isExpected[row] ? kept[rows.kind]?.expected.count : kept[rows.kind]?.unexpected.count
            guard count ?? 0 < limit else { continue }
            let sample = describer.sample(rows, row, isExpected: isExpected[row])
            if isExpected[row] {
                kept[rows.kind, default: ([], [])].expected.append(sample)
            } else {
                kept[rows.kind, default: ([], [])].unexpected.append(sample)
            }
        }
    }

}

/// Makes samples of differences.
struct DifferenceDescriber {
    private let columns: OutputColumns
    private let writer: JSONRowWriter

    init(_ columns: OutputColumns) {
        self.columns = columns
        writer = JSONRowWriter(fields: columns.fields)
    }

    func sample(_ rows: DifferentRows, _ row: Int, isExpected: Bool) -> DifferenceSample {
        var (old, new): (Batch?, Batch?) = (nil, nil)
        var shown = Array(columns.leaves.indices)
        switch rows {
        case .changed(let before, let after, let marks):
            (old, new) = (before, after)
            shown = marks.indices.filter { marks[$0][row] }
        case .onlyOld(let before):
            old = before
            shown.removeAll { columns.added.contains(columns.leaves[$0].path[0]) }
        case .onlyNew(let after):
            new = after
            shown.removeAll { columns.removed.contains(columns.leaves[$0].path[0]) }
        }
        let keys = columns.keyIndexes
        let value = { (index: Int) in
            DifferenceSample.Value(
                column: columns.leaves[index].path.joined(separator: "."),
                old: old.map { RowText.value($0.columns[index], row) },
                new: new.map { RowText.value($0.columns[index], row) })
        }
        return DifferenceSample(
            kind: rows.kind, isExpected: isExpected, key: keys.map(value),
            values: shown.filter { !keys.contains($0) || rows.kind == .changed }.map(value),
            old: old.map { json($0, row) }, new: new.map { json($0, row) })
    }

    private func json(_ rows: Batch, _ row: Int) -> JSONValue {
        var text: [UInt8] = []
        writer.write(rows.take([Int32(row)]), to: &text)
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: text)
        } catch {
            // ROWs in too many levels.
            return .string(String(decoding: text, as: UTF8.self))
        }
    }
}
