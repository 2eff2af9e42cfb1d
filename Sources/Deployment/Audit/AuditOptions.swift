/// How an audit compares.
package struct AuditOptions: Sendable {
    /// What volumes are counted by.
    package enum Period: String, CaseIterable, Sendable {
        case minute
        case hour
        case day

        var milliseconds: Int64 {
            switch self {
            case .minute: 60_000
            case .hour: 3_600_000
            case .day: 86_400_000
            }
        }
    }

    /// DOUBLEs that differ by at most this part of the greater are equal: sums in another order.
    package static let tolerance = 1e-9

    /// Of each kind of difference and output.
    package var samples = 10
    /// The TIMESTAMP column that says which period a row belongs to; nil: `window_start`, where there is one.
    package var window: String?
    package var period = Period.hour
    /// The part of the old version's rows of a period that the new version's may differ by.
    package var volumeTolerance = 0.1
    /// For the rows of both versions together, of one output at a time.
    package var memoryBytes: Int

    package init(memoryBytes: Int) { self.memoryBytes = memoryBytes }
}
