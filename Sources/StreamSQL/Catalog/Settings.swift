import Dataflow
import Operators

/// One `SET`, or one `-D`.
package struct Setting: Hashable, Sendable {
    package var key: String
    package var value: String
    /// Nil for `-D`.
    package var place: SQLPlace?
}

extension Setting {
    func milliseconds() throws(SQLError) -> Int64 {
        guard let value = Quantity.milliseconds(value) else { throw malformed(Quantity.durationHint) }
        return value
    }

    func integer(from least: Int, to greatest: Int = Int(Int32.max)) throws(SQLError) -> Int {
        guard let number = Int(value), number >= least, number <= greatest else {
            throw malformed("it is a number from \(least) to \(greatest)")
        }
        return number
    }

    func number(in range: ClosedRange<Double>) throws(SQLError) -> Double {
        guard let number = Double(value), range.contains(number) else {
            throw malformed("it is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func folder() throws(SQLError) -> String {
        let path = value.hasPrefix("file://") ? String(value.dropFirst("file://".count)) : value
        guard !path.isEmpty, !path.utf8.contains(0), !path.contains("://") else {
            throw malformed("it is a folder of this machine")
        }
        return path
    }

    func malformed(_ hint: String) -> SQLError {
        SQLError("invalid value '\(value.prefix(60))' for setting '\(key)'", hint: hint, place: place)
    }

    func notSupported(_ what: String) -> SQLError { SQLError("\(what) is not supported yet", place: place) }
}

/// What the settings of a file and the command line come to. A file is one job, so the last value of a key holds for all of it;
/// `-D` beats them.
package struct Settings: Sendable {
    /// In the order in which the keys were first set, last values.
    package private(set) var entries: [Setting] = []
    package private(set) var pipelineName: String?
    package private(set) var parallelism: Int?
    /// `pipeline.max-parallelism`: key groups, fixed by the first start of a run.
    package private(set) var maximumParallelism: Int?
    /// `table.exec.source.idle-timeout`; nil: a quiet input holds the watermark back for ever.
    package private(set) var idleTimeoutMilliseconds: Int64?
    package private(set) var restartStrategy = RestartStrategy.none
    /// `execution.checkpointing.dir`: where retained checkpoints are kept.
    package private(set) var checkpointDirectory: String?
    package private(set) var savepointDirectory: String?
    /// `execution.checkpointing.num-retained`
    package private(set) var retainedCheckpoints = 1
    package private(set) var checkpointIntervalMilliseconds: Int64?
    package private(set) var checkpointMinPauseMilliseconds: Int64?
    /// What tables of keyed state may hold in memory, of the whole process; nil: their share of `--memory`.
    package private(set) var stateMemoryBytes: Int?
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
        var restarts = RestartOptions()
        for setting in entries {
            if setting.key.hasPrefix("restart-strategy"), try restarts.apply(setting) { continue }
            try apply(setting)
        }
        try restarts.check(entries.last { $0.key.hasPrefix("restart-strategy.exponential-delay.") })
        restartStrategy = restarts.strategy
    }

    private mutating func apply(_ setting: Setting) throws(SQLError) {
        switch setting.key {
        case "pipeline.name": pipelineName = try name(setting)
        case "parallelism.default": parallelism = try setting.integer(from: 1, to: Settings.greatestParallelism)
        case "pipeline.max-parallelism":
            maximumParallelism = try setting.integer(from: 1, to: Settings.greatestParallelism)
        case "table.exec.source.idle-timeout":
            let timeout = try setting.milliseconds()
            idleTimeoutMilliseconds = timeout == 0 ? nil : timeout
        case "execution.checkpointing.dir", "state.checkpoints.dir": checkpointDirectory = try setting.folder()
        case "execution.checkpointing.savepoint-dir", "state.savepoints.dir":
            savepointDirectory = try setting.folder()
        case "execution.checkpointing.num-retained", "state.checkpoints.num-retained":
            retainedCheckpoints = try setting.integer(from: 1, to: 1_000_000)
        case "execution.checkpointing.interval": checkpointIntervalMilliseconds = try setting.milliseconds()
        case "execution.checkpointing.timeout":
            // A checkpoint takes as long as it takes: nothing is gained by giving one up.
            _ = try setting.milliseconds()
            warnings.append("setting '\(setting.key)' has no effect")
        case "execution.checkpointing.min-pause": checkpointMinPauseMilliseconds = try setting.milliseconds()
        case "execution.checkpointing.mode":
            try only(setting, "EXACTLY_ONCE", refused: ["AT_LEAST_ONCE"])
        case "execution.runtime-mode":
            try only(setting, "STREAMING", refused: ["BATCH", "AUTOMATIC"])
        case "table.local-time-zone":
            guard ["UTC", "GMT", "Z", "ETC/UTC"].contains(setting.value.uppercased()) else {
                throw setting.notSupported("a time zone other than UTC")
            }
        case "table.exec.sink.not-null-enforcer":
            try only(setting, "ERROR", refused: ["DROP"])
        case "table.exec.state.ttl":
            guard try setting.milliseconds() == 0 else { throw setting.notSupported("'table.exec.state.ttl'") }
        case "sluice.bad-records": badRecords = try policy(setting)
        case "sluice.state-memory":
            guard let bytes = Quantity.bytes(setting.value), bytes > 0 else {
                throw setting.malformed("it is a size like '64 MB'")
            }
            stateMemoryBytes = Int(clamping: bytes)
        case "sluice.progress-interval": progressIntervalMilliseconds = try setting.milliseconds()
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
        if Settings.withoutEffect.contains(key) { return }
        warnings.append("setting '\(key)' has no effect")
    }

    private static let greatestParallelism = 32_768

    private static let ours = ["sluice.bad-records", "sluice.progress-interval"]

    /// What they ask for is so in any case, or concerns what is not here (they need no warning).
    private static let withoutEffect: Set<String> = [
        "pipeline.auto-watermark-interval", "sql-client.execution.result-mode",
        "table.dml-sync", "table.exec.mini-batch.allow-latency", "table.exec.mini-batch.enabled",
        "table.exec.mini-batch.size", "table.exec.sink.require-on-conflict",
    ]

    // MARK: Values

    private func name(_ setting: Setting) throws(SQLError) -> String {
        guard !setting.value.isEmpty else { throw setting.malformed("a name is not empty") }
        return setting.value
    }

    private func only(_ setting: Setting, _ accepted: String, refused: [String]) throws(SQLError) {
        let value = setting.value.uppercased().split(separator: "-").joined(separator: "_")
        if value == accepted { return }
        if refused.contains(value) { throw setting.notSupported("'\(setting.key)' = '\(setting.value)'") }
        throw setting.malformed("it is '\(accepted)'")
    }

    private func policy(_ setting: Setting) throws(SQLError) -> BadRecordPolicy {
        guard let policy = BadRecordPolicy(rawValue: setting.value) else {
            throw setting.malformed("it is 'fail', 'skip' or 'quarantine'")
        }
        return policy
    }
}
