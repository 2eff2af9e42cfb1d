import Glibc

extension Comparison {
    /// Rows of `left` against the rows of `right`, or against its only one.
    static func strings(
        _ op: ComparisonOperator, _ left: StringColumn, _ right: StringColumn, rightIsConstant: Bool, _ rowCount: Int
    ) -> [Bool] {
        precondition(left.offsets.count > rowCount, "an operand has all rows")
        precondition(rightIsConstant || right.offsets.count > rowCount, "an operand has all rows")
        return [Bool](unsafeUninitializedCapacity: rowCount) { out, count in
            count = rowCount
            left.bytes.withUnsafeBufferPointer { lb in
                right.bytes.withUnsafeBufferPointer { rb in
                    left.offsets.withUnsafeBufferPointer { lo in
                        right.offsets.withUnsafeBufferPointer { ro in
                            let step = rightIsConstant ? 0 : 1
                            let pair = StringPairs(
                                leftBytes: lb.baseAddress ?? emptyBytes, rightBytes: rb.baseAddress ?? emptyBytes,
                                leftOffsets: lo, rightOffsets: ro, rightStep: step)
                            fill(out, op, pair, rowCount)
                        }
                    }
                }
            }
        }
    }

    private static func fill(
        _ out: UnsafeMutableBufferPointer<Bool>, _ op: ComparisonOperator, _ pairs: StringPairs, _ rowCount: Int
    ) {
        switch op {
        case .equal: for i in 0..<rowCount { out.initializeElement(at: i, to: pairs.areEqual(i)) }
        case .notEqual: for i in 0..<rowCount { out.initializeElement(at: i, to: !pairs.areEqual(i)) }
        case .less: for i in 0..<rowCount { out.initializeElement(at: i, to: pairs.order(i) < 0) }
        case .lessOrEqual: for i in 0..<rowCount { out.initializeElement(at: i, to: pairs.order(i) <= 0) }
        case .greater: for i in 0..<rowCount { out.initializeElement(at: i, to: pairs.order(i) > 0) }
        case .greaterOrEqual: for i in 0..<rowCount { out.initializeElement(at: i, to: pairs.order(i) >= 0) }
        }
    }
}

/// An address for reading nothing.
@inline(__always)
var emptyBytes: UnsafePointer<UInt8> { UnsafePointer(bitPattern: 8)! }

private struct StringPairs {
    let leftBytes: UnsafePointer<UInt8>
    let rightBytes: UnsafePointer<UInt8>
    let leftOffsets: UnsafeBufferPointer<Int32>
    let rightOffsets: UnsafeBufferPointer<Int32>
    /// 0 where the right side is a constant.
    let rightStep: Int

    @inline(__always)
    func areEqual(_ row: Int) -> Bool {
        let (l, r) = (Int(leftOffsets[row]), Int(rightOffsets[row * rightStep]))
        let length = Int(leftOffsets[row + 1]) - l
        guard length == Int(rightOffsets[row * rightStep + 1]) - r else { return false }
        return bytesAreEqual(leftBytes + l, rightBytes + r, length)
    }

    /// Negative, zero or positive, as `memcmp`.
    @inline(__always)
    func order(_ row: Int) -> Int {
        let (l, r) = (Int(leftOffsets[row]), Int(rightOffsets[row * rightStep]))
        let (leftLength, rightLength) = (
            Int(leftOffsets[row + 1]) - l, Int(rightOffsets[row * rightStep + 1]) - r
        )
        let order = Int(memcmp(leftBytes + l, rightBytes + r, min(leftLength, rightLength)))
        return order != 0 ? order : leftLength - rightLength
    }
}

/// `memcmp(…) == 0`, without the call for the short strings that keys mostly are.
@inline(__always)
func bytesAreEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    let (a, b) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    if length >= 8 {
        if length > 16 { return memcmp(a, b, length) == 0 }
        let head = a.loadUnaligned(as: UInt64.self) ^ b.loadUnaligned(as: UInt64.self)
        let tail =
            (a + length - 8).loadUnaligned(as: UInt64.self) ^ (b + length - 8).loadUnaligned(as: UInt64.self)
        return head | tail == 0
    }
    if length >= 4 {
        let head = a.loadUnaligned(as: UInt32.self) ^ b.loadUnaligned(as: UInt32.self)
        let tail =
            (a + length - 4).loadUnaligned(as: UInt32.self) ^ (b + length - 4).loadUnaligned(as: UInt32.self)
        return head | tail == 0
    }
    for i in 0..<length where a.load(fromByteOffset: i, as: UInt8.self) != b.load(fromByteOffset: i, as: UInt8.self) {
        return false
    }
    return true
}
