import Columnar
import Dataflow
import Glibc
import HostSystem
import KeyedState
import Synchronization

// Shows an epoch's rows on standard output once the epoch is committed. The rows travel in the checkpoint record, behind
// the checkpoint's number, so a run that is killed between the commit and the printing shows them after its next start.
// What a terminal has shown cannot be taken back: a kill in the middle of printing shows the epoch again.

package struct PrintSinkDescription: SinkDescription {
    package var operatorID: UInt32
    package var table: String
    package var fields: [Field]
    package var identifier: String?

    package init(operatorID: UInt32, table: String, fields: [Field], identifier: String?) {
        self.operatorID = operatorID
        self.table = table
        self.fields = fields
        self.identifier = identifier
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink { .sink(PrintSink(self, context)) }
}

final class PrintSink: Sink {
    static let epochBytes = 16 << 20
    private static let numberBytes = MemoryLayout<UInt64>.size

    let operatorID: UInt32
    private let notNull: NotNullCheck
    private let writer: PrintWriter
    private let context: LinkContext
    private var pending: [UInt8] = []
    private var prepared: [UInt8] = []

    init(_ description: PrintSinkDescription, _ context: LinkContext) {
        operatorID = description.operatorID
        self.context = context
        notNull = NotNullCheck(table: description.table, fields: description.fields, context)
        // As Flink has it: `id:2> `, where there is more than one subtask.
        let number = context.parallelism > 1 ? "\(context.subtask + 1)" : nil
        let identifier = [description.identifier, number].compactMap(\.self).joined(separator: ":")
        writer = PrintWriter(fields: description.fields, identifier: identifier.isEmpty ? nil : identifier)
    }

    var wantsEpoch: Bool { pending.count > Self.epochBytes }

    /// Holds the number of the last checkpoint that was shown; in the page cache only, which is enough against a kill.
    private func shownMark(_ subtask: UInt32) -> String { "\(context.run.directory)/printed-\(operatorID)-\(subtask)" }

    var nextTimerMilliseconds: Int64? { nil }

    func open(from states: [CheckpointRecord.OperatorPart], parallelismChanged _: Bool) throws(JobFailure) {
        for state in states where state.isOf(context) { try showUnlessShown(state.bytes, subtask: state.subtask) }
    }

    private func showUnlessShown(_ state: [UInt8], subtask: UInt32) throws(JobFailure) {
        guard state.count > Self.numberBytes else { return }
        let mark = shownMark(subtask)
        let isShown = try JobFailure.onFiles("looking up what was printed") { () throws(FileError) in
            guard try context.files.exists(mark) else { return false }
            return try context.files.readAll(mark)[...] == state[..<Self.numberBytes]
        }
        if !isShown { try show(state, mark: mark) }
    }

    func write(_ batch: Batch) throws(JobFailure) {
        writer.write(try notNull.checked(batch), to: &pending)
    }

    func prepare(_ barrier: Barrier) -> [UInt8] {
        var state = ByteWriter()
        state.write(barrier.checkpoint)
        state.writeRaw(pending)
        prepared = state.bytes
        pending.removeAll(keepingCapacity: true)
        return prepared
    }

    func committed(_: Barrier) throws(JobFailure) {
        if prepared.count > Self.numberBytes { try show(prepared, mark: shownMark(context.subtask)) }
        prepared = []
    }

    private func show(_ state: [UInt8], mark path: String) throws(JobFailure) {
        // Parallel subtasks share the output: an epoch's rows of one are not torn by another's.
        try Self.output.withLock { (_) throws(JobFailure) in try write(state[Self.numberBytes...]) }
        try JobFailure.onFiles("marking what was printed") { () throws(FileError) in
            let mark = try context.files.open(path, .createIfMissing)
            defer { mark.close() }
            try mark.write(Array(state[..<Self.numberBytes]), at: 0)
        }
    }

    private static let output = Mutex(())

    private func write(_ bytes: ArraySlice<UInt8>) throws(JobFailure) {
        // The live line goes, and is drawn again below what is printed.
        if isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1 { _ = Glibc.write(STDERR_FILENO, "\r\u{1B}[K", 4) }
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN {
                    var ready = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, -1)
                    continue
                }
                throw .file(FileError(.write, "standard output", code: errno), while: "printing")
            }
            rest = rest.dropFirst(written)
        }
    }
}
