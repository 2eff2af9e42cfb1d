import HostSystem
import Logging

/// What Hummingbird and NIO have to say goes where everything else is logged: warnings and errors only.
struct EventLogHandler: LogHandler {
    let log: EventLog
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    init(log: EventLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard event.level >= .warning else { return }
        let values = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = values.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value.description)) }
        log.write(event.level == .warning ? .warning : .error, event.message.description, fields)
    }
}
