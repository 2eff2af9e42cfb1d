import Operators

// The options of the `log` connector, which has Kafka's names for them.

extension TableOptions {
    mutating func logConnector(at table: Identifier) throws(SQLError) -> LogConnector {
        let topic = try takeRequired("topic", at: table)
        if let problem = Topic.problem(withName: topic.value) {
            throw malformed(topic, hint: "a topic's name: \(problem)")
        }
        var connector = LogConnector(topic: topic.value, start: try topicStart())
        connector.isBounded = try isBounded()
        connector.partitions = try partitions()
        if let option = take("compression") {
            guard let compression = TopicOptions.Compression(rawValue: option.value.lowercased()) else {
                throw malformed(option, hint: "it is 'lz4', 'zstd' or 'none'")
            }
            connector.compression = compression
        }
        for key in RetentionChange.keys {
            guard let option = take(key) else { continue }
            guard let said = RetentionChange(key: key, value: option.value) else {
                let hint = key == "retention.ms" ? Quantity.durationHint : Quantity.sizeHint
                throw malformed(option, hint: hint + "; -1 is unbounded")
            }
            connector.retention = connector.retention.adding(said)
        }
        for key in [
            "format", "key.format", "value.format", "key.fields", "value.fields-include", "topic-pattern",
            "scan.parallelism", "sink.parallelism", "sink.partitioner", "sink.delivery-guarantee",
            "scan.topic-partition-discovery.interval", "properties.group.id", "properties.bootstrap.servers",
        ] { try refuse(key) }
        return connector
    }

    private mutating func topicStart() throws(SQLError) -> TopicStart {
        let mode = take("scan.startup.mode")
        let time = take("scan.startup.timestamp-millis")
        let offsets = take("scan.startup.specific-offsets")
        if let time, mode?.value != "timestamp" {
            throw source.error(
                "'\(time.key)' is of 'scan.startup.mode' = 'timestamp'", at: time.keySpan)
        }
        if let offsets, mode?.value != "specific-offsets" {
            throw source.error(
                "'\(offsets.key)' is of 'scan.startup.mode' = 'specific-offsets'", at: offsets.keySpan)
        }
        guard let mode else { return .earliest }
        switch mode.value {
        case "earliest-offset": return .earliest
        case "latest-offset": return .latest
        case "timestamp":
            guard let time else { throw needed("scan.startup.timestamp-millis", by: mode) }
            guard let milliseconds = Int64(time.value) else {
                throw malformed(time, hint: "milliseconds since 1970-01-01 00:00:00 UTC")
            }
            return .timestamp(milliseconds: milliseconds)
        case "specific-offsets":
            guard let offsets else { throw needed("scan.startup.specific-offsets", by: mode) }
            guard let parsed = Self.offsets(offsets.value) else {
                throw malformed(offsets, hint: "partition:0,offset:42;partition:1,offset:300")
            }
            return .offsets(parsed)
        case "group-offsets": throw source.notSupported("'\(mode.key)' = '\(mode.value)'", at: mode.valueSpan)
        default:
            throw malformed(mode, hint: "it is 'earliest-offset', 'latest-offset', 'timestamp' or 'specific-offsets'")
        }
    }

    private func needed(_ key: String, by option: TableOption) -> SQLError {
        source.error("'\(option.key)' = '\(option.value)' needs '\(key)'", at: option.keySpan)
    }

    /// As Kafka's connector has it. nil: something else.
    private static func offsets(_ text: String) -> [UInt32: UInt64]? {
        var offsets: [UInt32: UInt64] = [:]
        for entry in text.split(separator: ";") {
            let parts = entry.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].hasPrefix("partition:"), parts[1].hasPrefix("offset:"),
                let partition = UInt32(parts[0].dropFirst("partition:".count)),
                let offset = UInt64(parts[1].dropFirst("offset:".count)), offset <= UInt64(Int64.max),
                offsets.updateValue(offset, forKey: partition) == nil
            else { return nil }
        }
        return offsets.isEmpty ? nil : offsets
    }

    private mutating func isBounded() throws(SQLError) -> Bool {
        for key in ["scan.bounded.timestamp-millis", "scan.bounded.specific-offsets"] { try refuse(key) }
        guard let mode = take("scan.bounded.mode") else { return false }
        switch mode.value {
        case "unbounded": return false
        case "latest-offset": return true
        case "timestamp", "specific-offsets", "group-offsets":
            throw source.notSupported("'\(mode.key)' = '\(mode.value)'", at: mode.valueSpan)
        default: throw malformed(mode, hint: "it is 'unbounded' or 'latest-offset'")
        }
    }

    private mutating func partitions() throws(SQLError) -> UInt32? {
        guard let option = take("sink.partitions") else { return nil }
        guard let count = UInt32(option.value), 1...TopicOptions.mostPartitions ~= count else {
            throw malformed(option, hint: "it is a number from 1 to \(TopicOptions.mostPartitions)")
        }
        return count
    }
}
