// The event time of a subtask is the least of its inputs'. It never goes back: an input that was idle and comes again, or
// one that says less than before, does not pull it down.

package struct WatermarkMerger: Sendable {
    private var inputs: [WatermarkStatus]
    /// What was reached, by the last `merge` that said so.
    package private(set) var current = WatermarkStatus.unknown
    package private(set) var isIdle = false

    package init(inputCount: Int) {
        inputs = [WatermarkStatus](repeating: .active(WatermarkStatus.unknown), count: inputCount)
    }

    /// - Returns: what all inputs together say now, where that is news: a greater time, or the turn to or from idleness.
    package mutating func merge(_ status: WatermarkStatus, from input: Int) -> WatermarkStatus? {
        inputs[input] = status
        var least: Int64?
        for case .active(let time) in inputs { least = min(least ?? time, time) }
        guard let least else {
            defer { isIdle = true }
            return isIdle ? nil : .idle
        }
        let wasIdle = isIdle
        isIdle = false
        if least > current {
            current = least
            return .active(least)
        }
        return wasIdle ? .active(current) : nil
    }
}
