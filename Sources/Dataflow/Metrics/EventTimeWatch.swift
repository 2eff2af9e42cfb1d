import HostSystem

// How far a job's sources have come in event time, and since when it has been so: looked at whenever an epoch is committed,
// and when somebody asks. So a time that stood still is known to within an epoch.

/// How far event time has come in one input.
package struct SourceEventTime: Equatable, Sendable {
    /// `WatermarkStatus.unknown`: of a part of it nothing is known yet.
    package var watermark: Int64
    /// The part that all others are ahead of, in words.
    package var heldBy: String?

    package init(watermark: Int64, heldBy: String?) {
        self.watermark = watermark
        self.heldBy = heldBy
    }
}

struct EventTimeWatch {
    private var least: SourceEventTime?
    private var sinceNanoseconds: Int64 = 0

    /// - Parameter inputs: what is known of those that have a watermark, and have had something lately.
    mutating func look(_ inputs: [SourceEventTime], nowNanoseconds now: Int64) {
        let found = inputs.min { $0.watermark < $1.watermark }
        if found?.watermark != least?.watermark { sinceNanoseconds = now }
        least = found
    }

    /// Of the last look.
    func note(in snapshot: inout MetricsSnapshot, nowNanoseconds now: Int64) {
        guard let least else { return }
        if least.watermark != WatermarkStatus.unknown, least.watermark != WatermarkStatus.end {
            snapshot.watermark = least.watermark
        }
        let seconds = (now - sinceNanoseconds) / 1_000_000_000
        snapshot.watermarkHeldBy = least.heldBy.map { "\($0), for \(seconds) s" }
    }
}
