import Columnar

/// Where a table begins to read its topic when its job starts for the first time: `scan.startup.mode`.
package enum TopicStart: Hashable, Sendable {
    /// With the first row that is kept.
    case earliest
    /// Behind the last row that there is.
    case latest
    /// With the first row published at this time or later; milliseconds since 1970-01-01 00:00:00 UTC.
    case timestamp(milliseconds: Int64)
    /// By partition; the others begin with their first row.
    case offsets([UInt32: UInt64])
}

/// What a METADATA column of a topic's table can be. Source: Flink's Kafka connector.
package enum TopicMetadata: String, CaseIterable, Hashable, Sendable {
    /// When the row was published.
    case timestamp
    case partition
    case offset

    package var type: DataType {
        switch self {
        case .timestamp: .timestamp(precision: 3)
        case .partition: .int
        case .offset: .bigint
        }
    }
}
