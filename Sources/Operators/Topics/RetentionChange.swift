/// What a user says of a topic's retention, by Kafka's names.
package struct RetentionChange: Hashable, Sendable {
    package enum Limit: Hashable, Sendable {
        case unbounded
        case at(Int64)

        var value: Int64? {
            switch self {
            case .unbounded: nil
            case .at(let value): value
            }
        }
    }

    /// `retention.ms`; nil: nothing is said of it.
    package var milliseconds: Limit?
    /// `retention.bytes`, of each partition.
    package var bytes: Limit?

    package init(milliseconds: Limit? = nil, bytes: Limit? = nil) {
        self.milliseconds = milliseconds
        self.bytes = bytes
    }

    package var isEmpty: Bool { milliseconds == nil && bytes == nil }

    package func applied(to options: TopicOptions) -> TopicOptions {
        var options = options
        if let milliseconds { options.retentionMilliseconds = milliseconds.value }
        if let bytes { options.retentionBytes = bytes.value }
        return options
    }

    /// This, and what another says, which counts where both say something.
    package func adding(_ other: RetentionChange) -> RetentionChange {
        RetentionChange(milliseconds: other.milliseconds ?? milliseconds, bytes: other.bytes ?? bytes)
    }
}
