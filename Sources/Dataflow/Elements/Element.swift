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

    package init(checkpoint: UInt64, kind: BarrierKind) {
        self.checkpoint = checkpoint
        self.kind = kind
    }
}

/// What moves in a channel, in order.
package enum Element: Sendable {
    case batch(Batch)
    case barrier(Barrier)

    package var sizeBytes: Int {
        switch self {
        case .batch(let batch): batch.sizeBytes
        case .barrier: 0
        }
    }
}
