/// One version of a job: `orders@8`.
package struct VersionID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var job: String
    /// From 1 on.
    package var number: Int

    package init(_ job: String, _ number: Int) {
        self.job = job
        self.number = number
    }

    package var description: String { "\(job)@\(number)" }

    package static func < (one: VersionID, other: VersionID) -> Bool {
        (one.job, one.number) < (other.job, other.number)
    }
}

/// What a version begins with.
package enum StartMode: Hashable, Sendable {
    case beginning
    case now
    /// The state of the version before it, where the plans fit.
    case resume
    case savepoint(path: String)
}

/// What was asked for with `deploy`, beside the text.
package struct DeploymentOptions: Equatable, Sendable {
    package enum Promotion: String, CaseIterable, Sendable { case manual, automatic }

    /// Distance to the live version at which a version counts as caught up.
    package var maxLagMilliseconds: Int64 = 1000
    /// How long a version is watched after it has become live.
    package var guardMilliseconds: Int64 = 15 * 60_000
    /// How long the version before it goes on as standby.
    package var keepMilliseconds: Int64 = 24 * 3_600_000
    package var cutoverTimeoutMilliseconds: Int64 = 10_000
    /// The live version's p99 latency above which the candidate pauses.
    package var liveLatencyMilliseconds: Int64?
    package var promotion = Promotion.manual
    /// A folder with checks of the user's.
    package var auditFolder: String?
    /// Of the worker's process; nil: as the server gives its workers.
    package var memoryBytes: Int64?

    package init() {}
}

/// A setting given on the command line, over those of the text.
package struct Setting: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}

/// All that makes a version what it is. Never changed once it is written.
package struct VersionRecord: Equatable, Sendable {
    package var id: VersionID
    package var sql: String
    /// As it was given: for messages, nothing is read there.
    package var fileName: String
    /// The plan's fingerprint, one line for each operator.
    package var planFingerprint: [String]
    /// In the order given: a later one wins.
    package var settings: [Setting]
    package var engineVersion: String
    /// Milliseconds since 1970-01-01 UTC.
    package var createdAt: Int64
    package var start: StartMode
    package var options: DeploymentOptions

    package init(
        id: VersionID, sql: String, fileName: String, planFingerprint: [String], settings: [Setting] = [],
        engineVersion: String, createdAt: Int64, start: StartMode = .beginning,
        options: DeploymentOptions = DeploymentOptions()
    ) {
        self.id = id
        self.sql = sql
        self.fileName = fileName
        self.planFingerprint = planFingerprint
        self.settings = settings
        self.engineVersion = engineVersion
        self.createdAt = createdAt
        self.start = start
        self.options = options
    }
}
