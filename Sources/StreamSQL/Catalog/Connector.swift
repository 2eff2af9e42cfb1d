import Operators

import Operators

/// Where a table's rows are, with its checked options.
package enum Connector: Hashable, Sendable {
    case filesystem(FileConnector)
    /// `print-identifier`, empty if none.
    case print(identifier: String)
    case blackhole

    /// As `'connector' = …` names it.
    package var name: String {
        switch self {
        case .filesystem: "filesystem"
        case .print: "print"
        case .blackhole: "blackhole"
        }
    }
}

package struct FileConnector: Hashable, Sendable {
    package var path: String
    package var format: Format
    package var rolling: RollingPolicy

    package init(path: String, format: Format, rolling: RollingPolicy = RollingPolicy()) {
        self.path = path
        self.format = format
        self.rolling = rolling
    }
}

package enum Format: Hashable, Sendable {
    case json(JSONOptions)
    case csv(CSVOptions)
    case debeziumJSON(JSONOptions)

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

    package init() {}
}

package struct CSVOptions: Hashable, Sendable {
    /// One ASCII character.
    package var fieldDelimiter = UInt8(ascii: ",")
    package var skipHeader = false
    package var ignoreParseErrors = false

    package init() {}
}
