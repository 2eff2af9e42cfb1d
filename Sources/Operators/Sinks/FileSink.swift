import Columnar
import Dataflow
import HostSystem
import KeyedState

// Rows into part files: formatted at once, durable at the barrier, visible after the commit. The protocol is `PartFiles`'.

package enum SinkFormat: Sendable {
    case json(JSONWriteOptions)
    case debeziumJSON(JSONWriteOptions)
}

package struct FileSinkDescription: LinkDescription {
    package var operatorID: UInt32
    package var table: String
    package var folder: String
    package var format: SinkFormat
    package var fields: [Field]
    package var rolling: RollingPolicy

    package init(
        operatorID: UInt32, table: String, folder: String, format: SinkFormat, fields: [Field], rolling: RollingPolicy
    ) {
        self.operatorID = operatorID
        self.table = table
        self.folder = folder
        self.format = format
        self.fields = fields
        self.rolling = rolling
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .sink(FileSink(self, context))
    }
}

package final class FileSink: Sink {
    package let operatorID: UInt32
    package let wantsEpoch = false
    private let description: FileSinkDescription
    private let context: LinkContext
    private let writer: any RowWriter
    private let notNull: NotNullCheck
    private var parts: PartFiles?
    private var bytes: [UInt8] = []

    init(_ description: FileSinkDescription, _ context: LinkContext) {
        self.description = description
        self.context = context
        operatorID = description.operatorID
        notNull = NotNullCheck(table: description.table, fields: description.fields, context)
        switch description.format {
        case .json(let options): writer = JSONRowWriter(fields: description.fields, options: options)
        case .debeziumJSON(let options): writer = DebeziumJSONWriter(fields: description.fields, options: options)
        }
    }

    package var nextTimerMilliseconds: Int64? { parts?.rolloverMilliseconds }

    package func open(from states: [CheckpointRecord.OperatorPart], parallelismChanged: Bool) throws(JobFailure) {
        guard !parallelismChanged else {
            throw JobFailure(.conflict, "a file sink's parallelism cannot change yet")
        }
        let state = states.first?.bytes
        let (folder, rolling) = (description.folder, description.rolling)
        try attempt { () throws(PartFileError) in
            guard let state else {
                parts = try PartFiles.begin(
                    folder: folder, subtask: context.subtask, run: context.run.id, files: context.files,
                    rolling: rolling)
                return
            }
            guard let state = FileSinkState(decoding: state) else {
                let detail = CorruptBytes(offset: 0, expected: "the state of a file sink")
                throw .damagedState(folder: folder, detail)
            }
            parts = try PartFiles.recover(folder: folder, state: state.parts, files: context.files, rolling: rolling)
        }
        opened.notices.forEach(context.notice)
    }

    private var opened: PartFiles {
        guard let parts else { preconditionFailure("a sink is opened before it is used") }
        return parts
    }

    package func write(_ batch: Batch) throws(JobFailure) {
        let batch = try notNull.checked(batch)
        bytes.removeAll(keepingCapacity: true)
        writer.write(batch, to: &bytes)
        let now = context.time.wallMilliseconds()
        try attempt { () throws(PartFileError) in
            var failure: PartFileError?
            bytes.withUnsafeBytes { raw in
                do throws(PartFileError) {
                    try opened.write(raw, atMilliseconds: now)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }

    package func prepare(_ barrier: Barrier) throws(JobFailure) -> [UInt8] {
        var state: [UInt8] = []
        let now = context.time.wallMilliseconds()
        try attempt { () throws(PartFileError) in
            state = try opened.prepare(closing: barrier.kind.isLast, nowMilliseconds: now)
        }
        FaultPoint.afterPartSync.reached()
        return FileSinkState(folder: description.folder, parts: state).encoded()
    }

    package func committed(_: Barrier) throws(JobFailure) {
        try attempt { () throws(PartFileError) in try opened.committed() }
    }

    /// Moves what a sink's state names out of its folder's sight. Nothing for the state of another kind of operator.
    package static func setAside(_ state: [UInt8], _ files: any FileSystem) throws(JobFailure) -> [String] {
        guard let state = FileSinkState(decoding: state) else { return [] }
        do throws(PartFileError) {
            let folder = try PartFiles.setAside(folder: state.folder, state: state.parts, files: files)
            return folder.map { ["earlier part files are now in '\($0)'"] } ?? []
        } catch {
            throw JobFailure.parts(error)
        }
    }

    private func attempt(_ body: () throws(PartFileError) -> Void) throws(JobFailure) {
        do throws(PartFileError) {
            try body()
        } catch {
            throw JobFailure.parts(error)
        }
    }
}

/// What a file sink hands over: it names its folder, so that a later start finds the parts even where the job was edited.
private struct FileSinkState {
    private static let magic = Array("SLUICEPF".utf8)

    var folder: String
    var parts: [UInt8]

    init(folder: String, parts: [UInt8]) {
        self.folder = folder
        self.parts = parts
    }

    /// nil: not the state of a file sink.
    init?(decoding bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic) else { return nil }
        var reader = ByteReader(bytes[Self.magic.count...])
        do throws(CorruptBytes) {
            folder = try reader.readString("folder")
            parts = Array(try reader.readBytes("part files"))
        } catch {
            return nil
        }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeRaw(Self.magic)
        writer.writeString(folder)
        writer.writeBytes(parts)
        return writer.bytes
    }
}

extension JobFailure {
    static func parts(_ error: PartFileError) -> JobFailure {
        switch error {
        case .file(let file): .file(file, while: "writing part files")
        case .poisoned: JobFailure(.world, "\(error)", hint: "the next start goes on from the last checkpoint")
        case .locked, .notAFolder, .targetExists, .numbersExhausted: JobFailure(.conflict, "\(error)")
        case .damagedState, .bothPresent, .missing, .shorter, .changed:
            JobFailure(
                .damage, "\(error)", detail: "the part files are not as the last checkpoint left them",
                hint: "put them back as they were, or start over with --fresh")
        }
    }
}
