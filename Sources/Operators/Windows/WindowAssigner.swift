// Which windows a time belongs to. Time is cut into panes, each as long as the slide; a window is `paneCount` panes one
// after the other, and a pane belongs to as many windows (here size = 3 slides):
//
//     pane       …  p-2 │ p-1 │  p  │ p+1 │ p+2 …      window w covers the panes w ..< w + 3
//     windows of p       └─────────────────┘           p-2, p-1, p: in the order in which they end
//
// A tumbling window is one pane. Pane p begins at p * slide + offset. Flink's arithmetic (`TimeWindow`,
// `getWindowStartWithOffset`) for times and offsets of any sign.

package struct WindowAssigner: Hashable, Sendable {
    /// Milliseconds, as all times here.
    package let size: Int64
    package let slide: Int64
    /// In `0 ..< slide`: a multiple of the slide more makes the same windows.
    package let offset: Int64
    /// Panes of a window, and windows of a pane.
    package let paneCount: Int64
    /// The times all of whose windows begin and end at a time that 64 bits hold, and whose panes `WindowKey` can number.
    package let times: ClosedRange<Int64>

    package static func tumble(size: Int64, offset: Int64 = 0) -> WindowAssigner {
        WindowAssigner(size: size, slide: size, offset: offset)
    }

    /// - Input: `size` is a multiple of `slide`, as in Flink, and of at most `mostPanes`; the binder sees to it.
    package static func hop(size: Int64, slide: Int64, offset: Int64 = 0) -> WindowAssigner {
        WindowAssigner(size: size, slide: slide, offset: offset)
    }

    /// Of one window: more of them would leave too few numbers for the panes.
    package static let mostPanes: Int64 = 1 << 20

    private init(size: Int64, slide: Int64, offset: Int64) {
        precondition(slide > 0 && size >= slide && size % slide == 0, "the size is a positive multiple of the slide")
        precondition(size / slide <= Self.mostPanes, "a window has at most \(Self.mostPanes) panes")
        self.size = size
        self.slide = slide
        self.offset = FloorDivision.remainder(offset, slide)
        paneCount = size / slide
        times = Self.times(Int128(slide), Int128(self.offset), Int128(paneCount))
    }

    private static func times(_ slide: Int128, _ offset: Int128, _ paneCount: Int128) -> ClosedRange<Int64> {
        let (least, greatest) = (Int128(Int64.min), Int128(Int64.max))
        // Room for a window's panes on both sides, so that bounds of windows are numbers too.
        let keys = Int128(WindowKey.largest) / (paneCount + 1) - 2 * paneCount - 2
        // The first window of pane p begins at (p - paneCount + 1) * slide + offset, the last one ends at
        // (p + paneCount) * slide + offset.
        let first = max(-((offset - least) / slide) + paneCount - 1, -keys)
        let last = min(FloorDivision.quotient(greatest - offset, slide) - paneCount, keys)
        return Int64(max(first * slide + offset, least))...Int64(min(last * slide + offset + slide - 1, greatest))
    }

    /// - Input: `time` is one of `times`.
    @inline(__always)
    package func pane(of time: Int64) -> Int64 {
        // Time minus offset may not fit where time does.
        let (pane, remainder) = time.quotientAndRemainder(dividingBy: slide)
        let floor = remainder < 0 ? pane &- 1 : pane
        return remainder &+ (remainder < 0 ? slide : 0) < offset ? floor &- 1 : floor
    }

    /// Where a pane begins, and the window that is named by it.
    @inline(__always)
    package func start(ofPane pane: Int64) -> Int64 { pane &* slide &+ offset }

    @inline(__always)
    package func end(ofWindow window: Int64) -> Int64 { (window &+ paneCount) &* slide &+ offset }

    /// How many of a pane's windows have ended for a row, or an operator, that the watermark has reached: all of them where
    /// the row is late.
    @inline(__always)
    package func endedWindows(ofPane pane: Int64, at watermark: Int64) -> Int64 {
        let firstLast = end(ofWindow: pane &- paneCount &+ 1) &- 1
        guard watermark >= firstLast else { return 0 }
        // The difference of two signed numbers fits 64 bits without a sign.
        let beyond = UInt64(bitPattern: watermark &- firstLast) / UInt64(slide)
        return beyond >= UInt64(paneCount) ? paneCount : Int64(beyond) &+ 1
    }

    /// The last window whose end the watermark has reached; nil where that is none that `times` has.
    package func lastEndedWindow(at watermark: Int64) -> Int64? {
        let first = pane(of: times.lowerBound) - paneCount + 1
        let last = pane(of: times.upperBound)
        guard watermark >= end(ofWindow: first) - 1 else { return nil }
        guard watermark < end(ofWindow: last) - 1 else { return last }
        // Window w has ended where w * slide + offset + size - 1 <= watermark.
        let reach = Int128(watermark) + 1 - Int128(offset) - Int128(size)
        return Int64(FloorDivision.quotient(reach, Int128(slide)))
    }
}

/// Division that rounds down, also below zero.
enum FloorDivision {
    static func quotient<Number: SignedInteger & FixedWidthInteger>(_ value: Number, _ divisor: Number) -> Number {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    static func remainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
