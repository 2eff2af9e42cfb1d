import Columnar

/// What ends an epoch.
package enum BarrierKind: String, Sendable {
    /// Another epoch follows.
    case periodic
    /// The run stops here and may go on later: files are closed, nothing is ended.
    case stop
    /// All input is read for good.
    case end

    package var isLast: Bool { self != .periodic }
}

/// Travels in the channels behind the last row of its epoch.
package struct Barrier: Equatable, Sendable {
    /// The number of the checkpoint that this barrier makes.
    package var checkpoint: UInt64
    package var kind: BarrierKind
    /// The job's time at this barrier: processing-time timers fire up to it, and the rows of the next epoch have it, or, where
    /// the job runs on the journal's time, that or a later one.
    package var milliseconds: Int64
    /// A savepoint is made of this checkpoint.
    package var isSavepoint: Bool

    package init(checkpoint: UInt64, kind: BarrierKind, milliseconds: Int64, isSavepoint: Bool = false) {
        self.checkpoint = checkpoint
        self.kind = kind
        self.milliseconds = milliseconds
        self.isSavepoint = isSavepoint
    }

    /// All open files end here: another run, or none, goes on behind this checkpoint.
    package var closesFiles: Bool { kind.isLast || isSavepoint }
}

/// How far event time has come on one input.
package enum WatermarkStatus: Equatable, Sendable {
    /// No row with an own watermark below this follows.
    case active(Int64)
    /// Nothing has come for so long that nobody shall wait for this input.
    case idle

    /// Nothing is known yet.
    package static let unknown = Int64.min
    /// No row follows.
    package static let end = Int64.max
}

/// What moves in a channel, in order.
package enum Element: Sendable {
    case batch(Batch)
    case watermark(WatermarkStatus)
    case barrier(Barrier)

    package var sizeBytes: Int {
        switch self {
        case .batch(let batch): batch.sizeBytes
        case .watermark, .barrier: 0
        }
    }
}
