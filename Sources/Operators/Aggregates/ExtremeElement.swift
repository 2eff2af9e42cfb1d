/// What MIN and MAX compare: in a total order, so that the order of the rows decides nothing.
package protocol ExtremeElement: Hashable, Sendable {
    func precedes(_ other: Self) -> Bool
}

extension ExtremeElement where Self: FixedWidthInteger {
    @inline(__always)
    package func precedes(_ other: Self) -> Bool { self < other }
}

extension Int32: ExtremeElement {}
extension Int64: ExtremeElement {}
extension UInt8: ExtremeElement {}

extension Double: ExtremeElement {
    /// NaN is the greatest, and -0 less than 0.
    @inline(__always)
    package func precedes(_ other: Double) -> Bool {
        self < other || (other.isNaN && !isNaN) || (self == other && sign == .minus && other.sign == .plus)
    }
}
