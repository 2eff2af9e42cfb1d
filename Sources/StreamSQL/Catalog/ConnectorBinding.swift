import Columnar
import Operators

extension TableOptions {
    /// Checks all options of the table.
    mutating func connector(at table: Identifier) throws(SQLError) -> Connector {
        let option = try takeRequired("connector", at: table)
        let connector: Connector
        switch option.value {
        case "filesystem": connector = .filesystem(try fileConnector(at: table))
        case "log": connector = .log(try logConnector(at: table))
        case "print":
            connector = .print(identifier: take("print-identifier")?.value ?? "")
            try refuse("standard-error", unless: "false")
            try refuse("sink.parallelism")
        case "blackhole": connector = .blackhole
        case "datagen": connector = .datagen(try generatedRows())
        case "nexmark": connector = .nexmark(try nexmarkConnector())
        case "kafka", "upsert-kafka", "jdbc", "faker", "elasticsearch-7", "hbase-2.2",
            "kinesis",
            "mongodb", "hive", "iceberg", "paimon", "hudi", "python-input-format":
            throw source.notSupported("connector '\(option.value)'", at: option.valueSpan)
        default:
            throw source.error(
                "connector '\(option.value)' does not exist", at: option.valueSpan,
                detail: "connectors: \(TableOptions.connectors.joined(separator: ", "))",
                hint: Suggestion.hint(for: option.value, among: TableOptions.connectors))
        }
        try refuseWatermarkOptions()
        try takeLatePolicy()
        try finish(for: "connector '\(option.value)'")
        return connector
    }

    private mutating func takeLatePolicy() throws(SQLError) {
        guard let option = take("late.policy") else { return }
        switch option.value {
        case "drop": break
        case "quarantine": latePolicy = option
        case "update": throw source.notSupported("'late.policy' = 'update'", at: option.keySpan)
        default: throw malformed(option, hint: "it is 'drop' or 'quarantine'")
        }
    }

    private static let connectors = ["blackhole", "datagen", "filesystem", "log", "nexmark", "print"]

    /// Watermarks follow every record: that is 'on-event', and the only strategy.
    private mutating func refuseWatermarkOptions() throws(SQLError) {
        try refuse("scan.watermark.emit.strategy", unless: "on-event")
        for key in ["alignment.group", "alignment.max-drift", "alignment.update-interval", "idle-timeout"] {
            try refuse("scan.watermark.\(key)")
        }
    }

    private mutating func fileConnector(at table: Identifier) throws(SQLError) -> FileConnector {
        let path = try takeRequired("path", at: table)
        guard !path.value.isEmpty, !path.value.utf8.contains(0) else {
            throw malformed(path, hint: "a file, or a folder")
        }
        do throws(GlobPattern.Unreadable) {
            if GlobPattern.isPattern(path.value) { _ = try GlobPattern(path.value) }
        } catch {
            throw malformed(path, hint: error.reason)
        }
        let monitor = try monitorMilliseconds()
        let format = try takeRequired("format", at: table)
        var rolling = RollingPolicy()
        rolling.fileSizeBytes = Int(
            clamping: try takeBytes("sink.rolling-policy.file-size", default: Int64(rolling.fileSizeBytes)))
        rolling.rolloverMilliseconds = try takeMilliseconds(
            "sink.rolling-policy.rollover-interval", default: rolling.rolloverMilliseconds)
        rolling.inactivityMilliseconds = try takeMilliseconds(
            "sink.rolling-policy.inactivity-interval", default: rolling.inactivityMilliseconds)
        // Parts are looked at with every write and barrier, which is more often than anybody asks for.
        _ = try takeMilliseconds("sink.rolling-policy.check-interval", default: 0)
        for key in [
            "source.report-statistics", "partition.default-name", "sink.parallelism", "scan.parallelism",
            "auto-compaction", "compaction.file-size", "compaction.parallelism",
            "sink.partition-commit.trigger", "sink.partition-commit.delay", "sink.partition-commit.policy.kind",
            "sink.shuffle-by-partition.enable",
        ] { try refuse(key) }
        var connector = FileConnector(path: path.value, format: try self.format(format), rolling: rolling)
        connector.pathPattern = try pathPattern()
        connector.monitorMilliseconds = monitor
        return connector
    }

    private mutating func pathPattern() throws(SQLError) -> String? {
        guard let option = take("source.path.regex-pattern") else { return nil }
        do throws(InvalidPattern) {
            _ = try RegularExpression(option.value)
        } catch {
            throw malformed(option, hint: "\(error)")
        }
        return option.value
    }

    private mutating func monitorMilliseconds() throws(SQLError) -> Int64? {
        guard let option = take("source.monitor-interval") else { return nil }
        guard let interval = Quantity.milliseconds(option.value), interval > 0 else {
            throw malformed(option, hint: Quantity.durationHint)
        }
        return interval
    }

    // MARK: Formats

    private mutating func format(_ option: TableOption) throws(SQLError) -> Format {
        switch option.value {
        case "json": return .json(try jsonOptions("json"))
        case "debezium-json":
            var options = try jsonOptions("debezium-json")
            options.includesSchema = try takeBoolean("debezium-json.schema-include")
            return .debeziumJSON(options)
        case "csv": return .csv(try csvOptions())
        case "raw", "avro", "parquet", "orc", "avro-confluent", "debezium-avro-confluent", "canal-json", "maxwell-json",
            "ogg-json", "protobuf":
            throw source.notSupported("format '\(option.value)'", at: option.valueSpan)
        default:
            throw source.error(
                "format '\(option.value)' does not exist", at: option.valueSpan,
                detail: "formats: csv, debezium-json, json",
                hint: Suggestion.hint(for: option.value, among: ["csv", "debezium-json", "json"]))
        }
    }

    private mutating func jsonOptions(_ prefix: String) throws(SQLError) -> JSONOptions {
        var options = JSONOptions()
        options.ignoreParseErrors = try takeBoolean("\(prefix).ignore-parse-errors")
        if prefix == "json" {
            options.failOnMissingField = try takeBoolean("json.fail-on-missing-field")
            try refuse("json.decode.json-parser.enabled", unless: "true")
        }
        if options.failOnMissingField, options.ignoreParseErrors, let option = take("json.fail-on-missing-field") {
            throw source.error(
                "'json.fail-on-missing-field' and 'json.ignore-parse-errors' exclude each other", at: option.keySpan)
        }
        if let option = take("\(prefix).timestamp-format.standard") {
            guard let standard = JSONOptions.TimestampFormat(rawValue: option.value.uppercased()) else {
                throw malformed(option, hint: "it is 'SQL' or 'ISO-8601'")
            }
            options.timestampFormat = standard
        }
        // There is no DECIMAL and no MAP: these have nothing to act on at their defaults.
        try refuse("\(prefix).map-null-key.mode", unless: "FAIL")
        try refuse("\(prefix).map-null-key.literal", unless: "null")
        _ = try takeBoolean("\(prefix).encode.decimal-as-plain-number")
        try refuse("\(prefix).encode.ignore-null-fields", unless: "false")
        return options
    }
}
