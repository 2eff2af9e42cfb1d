import Operators

/// Where a table's rows are, with its checked options.
package enum Connector: Hashable, Sendable {
    case filesystem(FileConnector)
    case log(LogConnector)
    case datagen(GeneratedRows)
    case nexmark(NexmarkConnector)
    /// `print-identifier`, empty if none.
    case print(identifier: String)
    case blackhole

    /// As `'connector' = …` names it.
    package var name: String {
        switch self {
        case .filesystem: "filesystem"
        case .log: "log"
        case .datagen: "datagen"
        case .nexmark: "nexmark"
        case .print: "print"
        case .blackhole: "blackhole"
        }
    }
}

package struct FileConnector: Hashable, Sendable {
    /// A file, a folder, or, of a source, a glob.
    package var path: String
    /// `source.path.regex-pattern`: of the files below the path, those whose whole path matches.
    package var pathPattern: String?
    /// `source.monitor-interval`: how often an unbounded source looks for more.
    package var monitorMilliseconds: Int64?
    package var format: Format
    package var rolling: RollingPolicy

    package init(path: String, format: Format, rolling: RollingPolicy = RollingPolicy()) {
        self.path = path
        self.format = format
        self.rolling = rolling
    }

    /// Whether the path is a glob: as a sink's folder it has no meaning.
    package var isGlob: Bool { GlobPattern.isPattern(path) }
}

/// A topic of the data directory.
package struct LogConnector: Hashable, Sendable {
    package var topic: String
    /// `scan.startup.mode`
    package var start: TopicStart
    /// `scan.bounded.mode` = `latest-offset`
    package var isBounded: Bool
    /// Of an ad-hoc query: the journal's position that it reads up to.
    package var asOf: UInt64?
    /// Likewise: by partition, the offset that it reads up to.
    package var ends: [UInt64]?
    /// `sink.partitions` and `compression`, of a topic that is to be created; nil: as the topic has them.
    package var partitions: UInt32?
    package var compression: TopicOptions.Compression?
    /// `retention.ms` and `retention.bytes`, likewise.
    package var retention = RetentionChange()

    package init(topic: String, start: TopicStart = .earliest, isBounded: Bool = false) {
        self.topic = topic
        self.start = start
        self.isBounded = isBounded
    }
}

package enum Format: Hashable, Sendable {
    case json(JSONOptions)
    case csv(CSVOptions)
    case debeziumJSON(JSONOptions)

    /// Whether updates and deletes can be written.
    var takesChanges: Bool {
        if case .debeziumJSON = self { return true }
        return false
    }

    var includesSchema: Bool {
        if case .debeziumJSON(let options) = self { return options.includesSchema }
        return false
    }

    package var name: String {
        switch self {
        case .json: "json"
        case .csv: "csv"
        case .debeziumJSON: "debezium-json"
        }
    }
}

package struct JSONOptions: Hashable, Sendable {
    package enum TimestampFormat: String, Hashable, Sendable {
        case sql = "SQL"
        case iso8601 = "ISO-8601"
    }

    package var ignoreParseErrors = false
    package var failOnMissingField = false
    package var timestampFormat = TimestampFormat.sql
    /// `debezium-json.schema-include`: each change is the payload beside a schema.
    package var includesSchema = false

    package init() {}
}

package struct CSVOptions: Hashable, Sendable {
    package var syntax = CSVSyntax()
    package var allowComments = false
    package var nullLiteral: String?
    package var skipHeader = false
    package var ignoreParseErrors = false

    package init() {}
}
