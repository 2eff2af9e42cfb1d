import Operators

/// One `SET`, or one `-D`.
package struct Setting: Hashable, Sendable {
    package var key: String
    package var value: String
    /// Nil for `-D`.
    package var place: SQLPlace?
}

/// What the settings of a file and the command line come to. A file is one job, so the last value of a key holds for all of it;
/// `-D` beats them.
package struct Settings: Sendable {
    /// In the order in which the keys were first set, last values.
    package private(set) var entries: [Setting] = []
    package private(set) var pipelineName: String?
    package private(set) var parallelism: Int?
    package private(set) var checkpointIntervalMilliseconds: Int64?
    package private(set) var checkpointMinPauseMilliseconds: Int64?
    package private(set) var badRecords = BadRecordPolicy.fail
    /// Between two progress lines where there is no terminal; 0: one for every checkpoint.
    package private(set) var progressIntervalMilliseconds: Int64 = 1000
    package private(set) var warnings: [String] = []

    package init() {}

    package func value(of key: String) -> String? { entries.first { $0.key == key }?.value }

    /// - Errors: an unknown key of ours, a value that does not parse, one that cannot be had yet.
    init(_ settings: [Setting]) throws(SQLError) {
        var indexes: [String: Int] = [:]
        for setting in settings {
            if let index = indexes[setting.key] {
                entries[index] = setting
            } else {
                indexes[setting.key] = entries.count
                entries.append(setting)
            }
        }
        for setting in entries { try apply(setting) }
        try checkRestartStrategy()
    }

    private mutating func apply(_ setting: Setting) throws(SQLError) {
        switch setting.key {
        case "pipeline.name": pipelineName = try name(setting)
        case "parallelism.default": parallelism = try count(setting)
        case "pipeline.max-parallelism":
            guard try count(setting) == 128 else { throw notSupported("a maximum parallelism other than 128", setting) }
        case "execution.checkpointing.interval": checkpointIntervalMilliseconds = try milliseconds(setting)
        case "execution.checkpointing.timeout":
            // A checkpoint takes as long as it takes: nothing is gained by giving one up.
            _ = try milliseconds(setting)
            warnings.append("setting '\(setting.key)' has no effect")
        case "execution.checkpointing.min-pause": checkpointMinPauseMilliseconds = try milliseconds(setting)
        case "execution.checkpointing.mode":
            try only(setting, "EXACTLY_ONCE", refused: ["AT_LEAST_ONCE"])
        case "execution.runtime-mode":
            try only(setting, "STREAMING", refused: ["BATCH", "AUTOMATIC"])
        case "table.local-time-zone":
            guard ["UTC", "GMT", "Z", "ETC/UTC"].contains(setting.value.uppercased()) else {
                throw notSupported("a time zone other than UTC", setting)
            }
        case "table.exec.sink.not-null-enforcer":
            try only(setting, "ERROR", refused: ["DROP"])
        case "table.exec.state.ttl":
            guard try milliseconds(setting) == 0 else { throw notSupported("'table.exec.state.ttl'", setting) }
        case "sluice.bad-records": badRecords = try policy(setting)
        case "sluice.progress-interval": progressIntervalMilliseconds = try milliseconds(setting)
        default: try applyOther(setting)
        }
    }

    /// Keys that change nothing: known ones in silence, unknown ones with a warning; a misspelt one of ours is an error.
    private mutating func applyOther(_ setting: Setting) throws(SQLError) {
        let key = setting.key
        if key.hasPrefix("sluice.") {
            throw SQLError(
                "unknown setting '\(key)'", hint: Suggestion.hint(for: key, among: Settings.ours), place: setting.place)
        }
        if Settings.withoutEffect.contains(key) || key.hasPrefix("restart-strategy.") { return }
        warnings.append("setting '\(key)' has no effect")
    }

    private static let ours = ["sluice.bad-records", "sluice.progress-interval"]

    /// What they ask for is so in any case, or concerns what is not here (they need no warning).
    private static let withoutEffect: Set<String> = [
        "pipeline.auto-watermark-interval", "sql-client.execution.result-mode",
        "table.dml-sync", "table.exec.mini-batch.allow-latency", "table.exec.mini-batch.enabled",
        "table.exec.mini-batch.size", "table.exec.sink.require-on-conflict", "table.exec.source.idle-timeout",
    ]

    // MARK: Values

    private func name(_ setting: Setting) throws(SQLError) -> String {
        guard !setting.value.isEmpty else { throw malformed(setting, "a name is not empty") }
        return setting.value
    }

    private func count(_ setting: Setting) throws(SQLError) -> Int {
        guard let count = Int(setting.value), (1...32_768).contains(count) else {
            throw malformed(setting, "it is a number from 1 to 32768")
        }
        return count
    }

    private func milliseconds(_ setting: Setting) throws(SQLError) -> Int64 {
        guard let value = Quantity.milliseconds(setting.value) else { throw malformed(setting, Quantity.durationHint) }
        return value
    }

    private func only(_ setting: Setting, _ accepted: String, refused: [String]) throws(SQLError) {
        let value = setting.value.uppercased().split(separator: "-").joined(separator: "_")
        if value == accepted { return }
        if refused.contains(value) { throw notSupported("'\(setting.key)' = '\(setting.value)'", setting) }
        throw malformed(setting, "it is '\(accepted)'")
    }

    private func policy(_ setting: Setting) throws(SQLError) -> BadRecordPolicy {
        if setting.value == "quarantine" { throw notSupported("'sluice.bad-records' = 'quarantine'", setting) }
        guard let policy = BadRecordPolicy(rawValue: setting.value) else {
            throw malformed(setting, "it is 'fail' or 'skip'")
        }
        return policy
    }

    private func checkRestartStrategy() throws(SQLError) {
        for setting in entries where setting.key == "restart-strategy.type" || setting.key == "restart-strategy" {
            switch setting.value.lowercased() {
            case "none", "disable", "off": break
            case "fixed-delay", "fixeddelay", "exponential-delay", "exponentialdelay", "failure-rate", "failurerate":
                throw notSupported("restart strategy '\(setting.value)'", setting)
            default: throw malformed(setting, "it is 'none'")
            }
        }
    }

    private func malformed(_ setting: Setting, _ hint: String) -> SQLError {
        SQLError(
            "invalid value '\(setting.value.prefix(60))' for setting '\(setting.key)'", hint: hint, place: setting.place
        )
    }

    private func notSupported(_ what: String, _ setting: Setting) -> SQLError {
        SQLError("\(what) is not supported yet", place: setting.place)
    }
}
