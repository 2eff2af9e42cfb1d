import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState

// Rows into part files: formatted at once, durable at the barrier, visible after the commit. The protocol is `PartFiles`'.
//
// After a change of parallelism a subtask goes on with the parts of old subtasks only to close them: with the first
// checkpoint they are finished, and what it writes itself is numbered above all of them, so that the order of names stays
// the order of changes for every key.

package enum SinkFormat: Sendable {
    case json(JSONWriteOptions)
    case debeziumJSON(JSONWriteOptions)
    case csv(CSVWriteOptions)
}

extension SinkFormat {
    func makeWriter(fields: [Field]) -> any RowWriter {
        switch self {
        case .json(let options): JSONRowWriter(fields: fields, options: options)
        case .debeziumJSON(let options): DebeziumJSONWriter(fields: fields, options: options)
        case .csv(let options): CSVRowWriter(fields: fields, options: options)
        }
    }
}

package struct FileSinkDescription: SinkDescription {
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
        .sink(FileSink(self, context, SharedPartFolder(path: folder, files: context.files)))
    }

    /// One lock of the folder for all subtasks.
    package func makeLinks(_ contexts: [LinkContext]) throws(JobFailure) -> [ChainLink] {
        guard let first = contexts.first else { return [] }
        let shared = SharedPartFolder(path: folder, files: first.files)
        return contexts.map { .sink(FileSink(self, $0, shared)) }
    }
}

/// The folder of a sink's parallel subtasks, locked by the first of them that is opened. Subtasks are opened one after the
/// other, by one thread.
private final class SharedPartFolder {
    private let path: String
    private let files: any FileSystem
    private var folder: PartFolder?

    init(path: String, files: any FileSystem) {
        self.path = path
        self.files = files
    }

    /// - Parameter states: of all subtasks, by the last checkpoint.
    func open(_ states: [FileSinkState], run: RunID) throws(PartFileError) -> PartFolder {
        if let folder { return folder }
        let folder = try PartFolder(path, files: files)
        var named: Set<String> = []
        for state in states {
            for generation in state.generations {
                named.formUnion(try PartFiles.decode(generation, path).hiddenNames)
            }
        }
        if !states.isEmpty { try folder.deleteUnnamed(of: run, besides: named) }
        self.folder = folder
        return folder
    }
}

package final class FileSink: Sink {
    package let operatorID: UInt32
    package let wantsEpoch = false
    private let description: FileSinkDescription
    private let context: LinkContext
    private let shared: SharedPartFolder
    private let writer: any RowWriter
    private let notNull: NotNullCheck
    private var parts: PartFiles?
    /// What old subtasks left: to be closed.
    private var former: [PartFiles] = []
    private var bytes: [UInt8] = []

    fileprivate init(_ description: FileSinkDescription, _ context: LinkContext, _ shared: SharedPartFolder) {
        self.description = description
        self.context = context
        self.shared = shared
        operatorID = description.operatorID
        notNull = NotNullCheck(table: description.table, fields: description.fields, context)
        writer = description.format.makeWriter(fields: description.fields)
    }

    /// With an old subtask's part open, the next epoch is due at once.
    package var nextTimerMilliseconds: Int64? {
        former.contains(where: \.hasOpenPart) ? .min : parts?.rolloverMilliseconds
    }

    package func open(from states: [CheckpointRecord.OperatorPart], parallelismChanged: Bool) throws(JobFailure) {
        try attempt { () throws(PartFileError) in
            var all: [FileSinkState] = []
            for state in states { all.append(try decode(state)) }
            let folder = try shared.open(all, run: context.run.id)
            var mine: [[UInt8]] = []
            for (state, decoded) in zip(states, all) where state.isOf(context) { mine += decoded.generations }
            let current = parallelismChanged ? nil : mine.popLast()
            for generation in mine { former.append(try recover(folder, generation)) }
            if let current {
                parts = try recover(folder, current)
            } else {
                var number: UInt64 = 0
                for generation in all.flatMap(\.generations) {
                    number = max(number, try PartFiles.decode(generation, folder.path).nextNumber)
                }
                parts = try PartFiles.begin(
                    folder: folder, subtask: context.subtask, run: context.run.id, atLeast: number,
                    rolling: description.rolling, safeguards: context.settings.safeguards)
                // In a folder that is ours already there is nothing to tell, and one subtask tells for all.
                if parallelismChanged || context.subtask > 0 { parts?.notices = [] }
            }
        }
        for parts in former + [opened] { parts.notices.forEach(context.notice) }
    }

    private func decode(_ state: CheckpointRecord.OperatorPart) throws(PartFileError) -> FileSinkState {
        guard let decoded = FileSinkState(decoding: state.bytes) else {
            let detail = CorruptBytes(offset: 0, expected: "the state of a file sink")
            throw .damagedState(folder: description.folder, detail)
        }
        return decoded
    }

    private func recover(_ folder: PartFolder, _ state: [UInt8]) throws(PartFileError) -> PartFiles {
        try PartFiles.recover(
            folder: folder, state: state, rolling: description.rolling, safeguards: context.settings.safeguards,
            deletesUnnamed: false)
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
        var state = FileSinkState(folder: description.folder)
        let now = context.time.wallMilliseconds()
        try attempt { () throws(PartFileError) in
            for parts in former {
                state.generations.append(try parts.prepare(closing: true, nowMilliseconds: now))
            }
            state.generations.append(try opened.prepare(closing: barrier.closesFiles, nowMilliseconds: now))
        }
        FaultPoint.afterPartSync.reached()
        return state.encoded()
    }

    package func committed(_: Barrier) throws(JobFailure) {
        try attempt { () throws(PartFileError) in
            for parts in former { try parts.committed() }
            try opened.committed()
        }
    }

    /// Moves what a sink's state names out of its folder's sight. Nothing for the state of another kind of operator.
    package static func setAside(_ state: [UInt8], _ files: any FileSystem) throws(JobFailure) -> [String] {
        guard let state = FileSinkState(decoding: state) else { return [] }
        do throws(PartFileError) {
            var notices: [String] = []
            for generation in state.generations {
                let folder = try PartFiles.setAside(folder: state.folder, state: generation, files: files)
                if let folder { notices.append("earlier part files are now in '\(folder)'") }
            }
            return notices
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
    /// What `PartFiles` handed over: of the subtasks of earlier parallelisms, and last the subtask's own.
    var generations: [[UInt8]] = []

    init(folder: String) { self.folder = folder }

    /// nil: not the state of a file sink.
    init?(decoding bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic) else { return nil }
        var reader = ByteReader(bytes[Self.magic.count...])
        do throws(CorruptBytes) {
            folder = try reader.readString("folder")
            while !reader.isAtEnd { generations.append(Array(try reader.readBytes("part files"))) }
        } catch {
            return nil
        }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeRaw(Self.magic)
        writer.writeString(folder)
        for parts in generations { writer.writeBytes(parts) }
        return writer.bytes
    }
}

extension CheckpointRecord.OperatorPart {
    /// Old subtasks are dealt out to the new ones in turn.
    func isOf(_ context: LinkContext) -> Bool { subtask % UInt32(context.parallelism) == context.subtask }
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
