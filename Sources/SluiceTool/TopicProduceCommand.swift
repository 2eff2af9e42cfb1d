import ArgumentParser
import Columnar
import CommitLog
import Dataflow
import Glibc
import HostSystem
import Operators

// Lines are numbered over all inputs of a call, from 1: an idempotent producer publishes with the number of the last line, and
// leaves out what has a number that was published before.

struct TopicProduceCommand: TopicSubcommand {
    enum RecordFormat: String, ExpressibleByArgument, CaseIterable {
        case json
        case csv
        /// Lines as `topic consume` shows a topic with a key.
        case change
        case debeziumJSON = "debezium-json"
    }

    static let configuration = CommandConfiguration(
        commandName: "produce", abstract: "Write records to a topic, from files or standard input.",
        discussion: """
            Rows exist for readers as soon as they are published, some thousands at a time, or all there are when the input
            pauses. With --id a produce that was killed is repeated with the same input, and goes on where it had published.

            To a topic with a key, a record is what its key has from now on. With --format change (lines as 'topic consume' shows
            them) or debezium-json rows are deleted, too. The topic's latest rows are read first, and held in --memory.

            Example: sluice topic produce clicks --id import-7 clicks.jsonl
            """)

    @Argument(help: "The topic's name.")
    var name: String

    @Argument(help: "Files to read; none, or -: standard input.", completion: .file())
    var files: [String] = []

    @Option(help: "json, csv (columns in the topic's order), change or debezium-json")
    var format = RecordFormat.json

    @Option(help: "The name of this producer and its input: a repeated produce publishes no record twice.")
    var id: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Write to this partition only.", valueName: "number"))
    var partition: Int?

    @Option(help: ArgumentHelp("Publish at the latest when so many rows wait.", valueName: "rows"))
    var batchRows = 1 << 17

    @Flag(help: "Leave out records that do not fit, and count them.")
    var skipBadRecords = false

    @Option(help: "For the latest rows of a topic with a key.")
    var memory = ByteSize(bytes: 1 << 30)

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        if batchRows < 1 { throw ValidationError("--batch-rows is at least 1") }
    }

    func perform() throws(ToolFailure) {
        let inputs = files.isEmpty ? ["-"] : files
        do throws(JobFailure) {
            let log = try directory.openLog(isMade: false)
            let producer = try TopicProducer(name, id: id, partition: partition, in: log)
            let keyed =
                try producer.topic.schema.isKeyed
                ? KeyedTopicProducer(producer, memoryBytes: memory.bytes, in: log) : nil
            if format == .csv,
                let row = producer.fields.first(where: { if case .row = $0.type { true } else { false } })
            {
                throw JobFailure(
                    .conflict, "column \"\(row.name)\" of topic \"\(name)\" is a ROW, which CSV has no place for",
                    hint: "write JSON lines")
            }
            var production = Production(producer, keyed, self)
            for input in inputs { try production.read(input) }
            try production.publish()
            production.end()
            producer.finish()
            if let failure = producer.upkeepFailure {
                StandardStreams.error("a segment of topic \"\(name)\" stays as it is: \(failure.message)\n")
            }
        } catch {
            throw ToolFailure(error)
        }
    }

    func sourceFormat(of topic: Topic) -> SourceFormat {
        switch format {
        case .json: .json(JSONReadOptions())
        case .csv: .csv(CSVReadOptions(), tableFields: topic.schema.fields)
        case .change: .changeJSON(ChangeJSONReadOptions(key: topic.schema.key))
        case .debeziumJSON: .debeziumJSON(DebeziumJSONReadOptions())
        }
    }
}

/// The records of some inputs on their way into a topic.
private struct Production {
    private static let pieceBytes = 1 << 20
    private static let progressNanoseconds: Int64 = 500_000_000

    private let command: TopicProduceCommand
    private let producer: TopicProducer
    /// Of a topic with a key, in place of `producer`.
    private let keyed: KeyedTopicProducer?
    private let feed: RecordFeed
    private let time = SystemTime()
    private let began: Int64
    private var told: Int64
    /// Lines of the inputs before the present one.
    private var linesBefore: UInt64 = 0
    private var lastLine: UInt64 = 0
    /// Something was appended since the last publish, though it may come to no row.
    private var isPending = false
    private var unpublished = 0
    private var published = 0
    private var repeated = 0
    private var skipped = 0

    init(_ producer: TopicProducer, _ keyed: KeyedTopicProducer?, _ command: TopicProduceCommand) {
        self.producer = producer
        self.keyed = keyed
        self.command = command
        feed = RecordFeed(
            command.sourceFormat(of: producer.topic), fields: producer.fields, skipsBadRecords: command.skipBadRecords,
            rowsPerBatch: command.batchRows)
        began = time.monotonicNanoseconds()
        told = began
    }

    mutating func read(_ input: String) throws(JobFailure) {
        let descriptor = input == "-" ? STDIN_FILENO : open(input, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(FileError(.open, input, code: errno), while: "reading '\(input)'") }
        defer { if input != "-" { close(descriptor) } }
        feed.beginInput()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 64)
        defer { piece.deallocate() }
        var isAtEnd = false
        while !isAtEnd {
            if isPending, !Self.hasMore(descriptor) { try publish() }
            let got = Glibc.read(descriptor, piece.baseAddress, piece.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .file(FileError(.read, input, code: errno), while: "reading '\(input)'") }
            isAtEnd = got == 0
            feed.append(UnsafeRawBufferPointer(rebasing: piece[..<got]))
            try take(from: input, isFinal: isAtEnd)
        }
        linesBefore = lastLine
    }

    /// Whether a read would not wait.
    private static func hasMore(_ descriptor: Int32) -> Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, 0) != 0
    }

    private mutating func take(from input: String, isFinal: Bool) throws(JobFailure) {
        while true {
            let fed: FedRows?
            do throws(BadInputRecord) {
                fed = try feed.next(isFinal: isFinal)
            } catch {
                try publish()
                throw JobFailure(
                    .data, "\(input == "-" ? "standard input" : input):\(error.line):\(error.column): \(error.reason)",
                    detail: "\(RunDisplay.count(published)) rows before it were published",
                    hint: "mend it and repeat with --id, or leave such records out with --skip-bad-records")
            }
            guard let fed else { return }
            lastLine = linesBefore + fed.lastLine
            skipped += fed.skippedRecords
            let batch = new(fed)
            if batch.rowCount > 0 { try append(batch, fed, from: input) }
            if unpublished >= command.batchRows { try publish() }
            tellProgress()
        }
    }

    /// The rows whose lines were not published before.
    private mutating func new(_ fed: FedRows) -> Batch {
        guard let last = producer.lastRecord, let first = fed.lines.first, linesBefore + first <= last else {
            return fed.batch
        }
        let kept = fed.lines.indices.filter { linesBefore + fed.lines[$0] > last }.map { Int32($0) }
        repeated += fed.lines.count - kept.count
        return fed.batch.take(kept)
    }

    private mutating func append(_ batch: Batch, _ fed: FedRows, from input: String) throws(JobFailure) {
        isPending = true
        if let keyed {
            unpublished += try keyed.append(batch)
            return
        }
        if let row = fed.batch.rowKinds?.firstIndex(where: { $0 != .insert }) {
            throw JobFailure(
                .data,
                "\(input == "-" ? "standard input" : input):\(fed.lines[row]): topic \"\(command.name)\" has no key, and takes +I alone",
                hint: "create a topic with --key for rows that change")
        }
        var rows = batch
        rows.rowKinds = nil
        try producer.append(rows)
        unpublished += rows.rowCount
    }

    mutating func publish() throws(JobFailure) {
        guard isPending else { return }
        isPending = false
        let last = command.id == nil ? nil : lastLine
        if let keyed { try keyed.publish(last: last) } else { try producer.publish(last: last) }
        published += unpublished
        unpublished = 0
    }

    private mutating func tellProgress() {
        let now = time.monotonicNanoseconds()
        guard StandardStreams.errorIsTerminal, now - told > Self.progressNanoseconds else { return }
        told = now
        StandardStreams.error("\r\u{1B}[K\(RunDisplay.count(published)) rows published, \(rate(now)) rows/s")
    }

    private func rate(_ now: Int64) -> String {
        RunDisplay.count(Int(Double(published) * 1e9 / Double(max(1, now - began))))
    }

    func end() {
        let now = time.monotonicNanoseconds()
        if told > began { StandardStreams.error("\n") }
        let noun = keyed == nil ? "row" : "change"
        let rows = "\(RunDisplay.count(published)) \(noun)\(published == 1 ? "" : "s")"
        var text = "published \(rows) to \"\(command.name)\" (\(rate(now)) rows/s)"
        if repeated > 0 { text += ", \(RunDisplay.count(repeated)) had been published before" }
        if skipped > 0 { text += ", \(RunDisplay.count(skipped)) bad records left out" }
        command.tell(
            text,
            [
                ("topic", .string(command.name)), ("rows", .integer(published)), ("repeated", .integer(repeated)),
                ("skippedRecords", .integer(skipped)),
            ])
    }
}
