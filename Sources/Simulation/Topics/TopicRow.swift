// The rows that simulated producers publish. All that a row holds follows from the publish it belongs to, its place there
// and its record, so that whoever reads one knows what it must be.

import Columnar
import HostSystem

struct TopicRow: Hashable {
    /// The publish that it was handed to, whatever came of it.
    var publish: Int
    /// Among the rows of the publish.
    var place: Int
    /// In the input of an idempotent producer; else 0.
    var record: UInt64

    static let first = [
        Field("publish", .bigint, isNullable: false), Field("place", .bigint, isNullable: false),
        Field("record", .bigint, isNullable: false), Field("k", .bigint, isNullable: false), Field("text", .string),
    ]

    static func added(_ number: Int) -> Field { Field("x\(number)", .bigint) }

    /// nil: NULL.
    private var text: String? {
        var random = SplitMix64(seed: UInt64(publish) << 20 | UInt64(place))
        if random.oneIn(8) { return nil }
        let length = random.oneIn(6) ? 300 : random.below(30)
        return String(decoding: (0..<length).map { _ in UInt8(0x61 + random.below(26)) }, as: UTF8.self)
    }

    private func integer(_ name: String) -> Int64 {
        switch name {
        case "publish": Int64(publish)
        case "place": Int64(place)
        case "record": Int64(record)
        case "k": Int64(publish &+ place) % 7
        default: Int64(publish) * 1000 + Int64(place) + Int64(name.utf8.reduce(0) { $0 + Int($1) })
        }
    }

    /// - Shape: one column for each of `fields`.
    static func batch(_ rows: [TopicRow], _ fields: [Field]) -> Batch {
        let columns = fields.map { field -> Column in
            guard field.name == "text" else {
                return .bigint(FixedColumn(rows.map { $0.integer(field.name) }))
            }
            return text(rows)
        }
        return Batch(columns: columns, rowCount: rows.count)
    }

    private static func text(_ rows: [TopicRow]) -> Column {
        var column = StringColumn()
        var validity = Bitmap(repeating: true, count: rows.count)
        for (index, row) in rows.enumerated() {
            if let text = row.text { column.bytes += Array(text.utf8) } else { validity[index] = false }
            column.offsets.append(Int32(column.bytes.count))
        }
        if !validity.isAllSet { column.validity = validity }
        return .string(column)
    }

    /// What is wrong with a row that was read.
    /// - Parameters:
    ///   - names: of the batch's columns.
    ///   - written: columns that the row was written with; the others are NULL.
    func mistake(in batch: Batch, at row: Int, _ names: [String], written: Set<String>) -> String? {
        for (name, column) in zip(names, batch.columns) {
            let isNull = column.validity.map { !$0[row] } ?? false
            let isRight: Bool
            switch column {
            case .bigint(let column):
                isRight = written.contains(name) ? !isNull && column.values[row] == integer(name) : isNull
            case .string(let column):
                let bytes = column.bytes[Int(column.offsets[row])..<Int(column.offsets[row + 1])]
                isRight = text.map { !isNull && bytes.elementsEqual($0.utf8) } ?? isNull
            default: isRight = false
            }
            if !isRight { return "column \(name) of \(self) is not what was written" }
        }
        return nil
    }
}
