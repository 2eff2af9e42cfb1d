import Columnar
import Glibc

// The tests a scan makes of its columns before it keeps a record.

extension CSVColumnStorage {
    private func isNull(_ row: Int) -> Bool { validity[row >> 6] >> UInt64(row & 63) & 1 == 0 }

    /// Clears `kept[i]` where row `first + i` does not pass.
    func test(_ predicate: ScanPredicate, from first: Int, kept: UnsafeMutableBufferPointer<Bool>) {
        let comparison = predicate.comparison
        switch (comparison, predicate.literal) {
        case (.isNull, _):
            for i in 0..<kept.count where !isNull(first + i) { kept[i] = false }
        case (.isNotNull, _):
            for i in 0..<kept.count where isNull(first + i) { kept[i] = false }
        case (_, .null): kept.update(repeating: false)
        case (_, .boolean(let literal)): testOrdered(comparison, UInt8(literal ? 1 : 0), first, kept)
        case (_, .int(let literal)), (_, .date(let literal)): testOrdered(comparison, literal, first, kept)
        case (_, .bigint(let literal)), (_, .timestamp(let literal)), (_, .timestampMicros(let literal)):
            testOrdered(comparison, literal, first, kept)
        case (_, .double(let literal)): testOrdered(comparison, literal, first, kept)
        case (_, .string(let literal)): testStrings(comparison, Array(literal.utf8), first, kept)
        }
    }

    private func testOrdered<Value: Comparable>(
        _ comparison: ScanPredicate.Comparison, _ literal: Value, _ first: Int, _ kept: UnsafeMutableBufferPointer<Bool>
    ) {
        let values = values.assumingMemoryBound(to: Value.self) + first
        for i in 0..<kept.count where isNull(first + i) || !comparison.holds(values[i], literal) { kept[i] = false }
    }

    private func testStrings(
        _ comparison: ScanPredicate.Comparison, _ literal: [UInt8], _ first: Int,
        _ kept: UnsafeMutableBufferPointer<Bool>
    ) {
        let offsets = values.assumingMemoryBound(to: Int32.self) + first
        literal.withUnsafeBytes { literal in
            let other = literal.baseAddress ?? UnsafeRawPointer(arena)
            for i in 0..<kept.count {
                let begin = Int(offsets[i])
                let length = Int(offsets[i + 1]) - begin
                let order = Int(memcmp(arena + begin, other, min(length, literal.count)))
                if isNull(first + i) || !comparison.holds(order == 0 ? length - literal.count : order, 0) {
                    kept[i] = false
                }
            }
        }
    }
}

extension ScanPredicate.Comparison {
    /// `left` compared with `right`; not for the tests of NULL.
    @inline(__always)
    func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .isNull, .isNotNull: false
        }
    }
}
