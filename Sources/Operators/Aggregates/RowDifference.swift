import Columnar

/// Which rows of two equally shaped sets of columns differ. NULL equals NULL.
package enum RowDifference {
    /// When DOUBLEs are equal. NaN equals NaN, whatever its bits.
    package enum Equality: Sendable {
        /// -0.0 is 0.0.
        case value
        /// -0.0 is not 0.0.
        case bits
        /// Also where they differ by at most this part of the greater of the two.
        case relative(Double)

        @inline(__always)
        package func holds(_ x: Double, _ y: Double) -> Bool {
            if x.isNaN || y.isNaN { return x.isNaN && y.isNaN }
            return switch self {
            case .value: x == y
            case .bits: x.bitPattern == y.bitPattern
            // Infinities differ from all others by more than any part of them; so does what differs by too much to tell.
            case .relative(let part): x == y || abs(x - y) <= part * max(abs(x), abs(y)) && (x - y).isFinite
            }
        }
    }

    /// Ascending row numbers.
    package static func rows(_ before: [Column], _ after: [Column], _ equality: Equality = .value) -> [Int32] {
        guard let count = before.first?.rowCount else { return [] }
        var differs = [Bool](repeating: false, count: count)
        for (a, b) in zip(before, after) { mark(a, b, equality, &differs) }
        return differs.indices.filter { differs[$0] }.map { Int32($0) }
    }

    private static func mark(_ before: Column, _ after: Column, _ equality: Equality, _ differs: inout [Bool]) {
        if before.validity != nil || after.validity != nil {
            for row in differs.indices where before.isNull(row) != after.isNull(row) { differs[row] = true }
        }
        switch (before, after) {
        case (.boolean(let a), .boolean(let b)): markValues(a, b, &differs)
        case (.int(let a), .int(let b)), (.date(let a), .date(let b)): markValues(a, b, &differs)
        case (.bigint(let a), .bigint(let b)), (.timestamp(let a), .timestamp(let b)),
            (.timestampMicros(let a), .timestampMicros(let b)):
            markValues(a, b, &differs)
        case (.double(let a), .double(let b)):
            for row in differs.indices where !before.isNull(row) && !after.isNull(row) {
                if !equality.holds(a.values[row], b.values[row]) { differs[row] = true }
            }
        case (.string(let a), .string(let b)):
            for row in differs.indices where !before.isNull(row) && !after.isNull(row) {
                let x = a.bytes[Int(a.offsets[row])..<Int(a.offsets[row + 1])]
                let y = b.bytes[Int(b.offsets[row])..<Int(b.offsets[row + 1])]
                if x != y { differs[row] = true }
            }
        default: preconditionFailure("the old and the new row have the same types")
        }
    }

    private static func markValues<Element: Equatable>(
        _ a: FixedColumn<Element>, _ b: FixedColumn<Element>, _ differs: inout [Bool]
    ) {
        guard a.validity != nil || b.validity != nil else {
            for row in differs.indices where a.values[row] != b.values[row] { differs[row] = true }
            return
        }
        for row in differs.indices {
            let bothSet = (a.validity.map { $0[row] } ?? true) && (b.validity.map { $0[row] } ?? true)
            if bothSet && a.values[row] != b.values[row] { differs[row] = true }
        }
    }
}
