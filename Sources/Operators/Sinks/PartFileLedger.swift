import CommitLog

// The life of part files, without any file in it: what is open, what waits for the commit, what waits for its rename,
// and what waits for the sync that makes the rename durable.
//
//     writing ──barrier──► prepared ──the entry is durable──► writing
//        open part ──close──► closed ──commit──► pending ──rename──► renamed ──sync of the folder──► (forgotten)
//
// A checkpoint record lists every part from `closed` to `renamed`: until the folder's sync a rename may be lost.

struct PartFileLedger: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case writing
        /// The record is on its way: nothing may be written until it is committed.
        case prepared
    }

    struct OpenPart: Equatable, Sendable {
        var number: UInt64
        var sizeBytes: Int
        var begunMilliseconds: Int64
        var lastWrittenMilliseconds: Int64
        var needsSync = false
    }

    struct PendingPart: Equatable, Sendable {
        var part: PartFilesState.PendingPart
        var isRenamed: Bool
    }

    let run: RunID
    let subtask: UInt32
    let firstNumber: UInt64
    private(set) var nextNumber: UInt64
    private(set) var phase = Phase.writing
    private(set) var open: OpenPart?
    /// Finished since the last barrier.
    private(set) var closed: [PartFilesState.PendingPart] = []
    private(set) var pending: [PendingPart] = []
    /// A hidden name was made that the folder's last sync does not cover.
    private(set) var hasNewName = false

    init(run: RunID, subtask: UInt32, firstNumber: UInt64) {
        self.run = run
        self.subtask = subtask
        self.firstNumber = firstNumber
        nextNumber = firstNumber
    }

    /// As a checkpoint says; its pending parts are looked at one by one, see `resumePending`.
    init(_ state: PartFilesState) {
        run = state.run
        subtask = state.subtask
        firstNumber = state.firstNumber
        nextNumber = state.nextNumber
    }

    mutating func beginPart(at milliseconds: Int64) -> PartFileName {
        precondition(phase == .writing && open == nil, "one part is open at a time")
        let number = nextNumber
        nextNumber += 1
        open = OpenPart(
            number: number, sizeBytes: 0, begunMilliseconds: milliseconds, lastWrittenMilliseconds: milliseconds)
        hasNewName = true
        return name(number)
    }

    mutating func wrote(_ bytes: Int, at milliseconds: Int64) {
        open?.sizeBytes += bytes
        open?.lastWrittenMilliseconds = milliseconds
        open?.needsSync = true
    }

    mutating func syncedOpenPart() { open?.needsSync = false }
    mutating func syncedNewNames() { hasNewName = false }

    mutating func closePart() {
        precondition(phase == .writing, "parts are closed up to the barrier")
        guard let open else { return }
        precondition(!open.needsSync, "a part is closed when it is synced")
        closed.append(PartFilesState.PendingPart(number: open.number, sizeBytes: UInt64(open.sizeBytes)))
        self.open = nil
    }

    /// - Parameter listsRenamed: false breaks the rule `pendsync`.
    mutating func prepare(listsRenamed: Bool) -> PartFilesState {
        precondition(phase == .writing, "one epoch is under way at a time")
        phase = .prepared
        var state = PartFilesState(run: run, subtask: subtask, firstNumber: firstNumber, nextNumber: nextNumber)
        state.open = open.map { part in
            PartFilesState.OpenPart(
                number: part.number, committedBytes: UInt64(part.sizeBytes),
                begunMilliseconds: part.begunMilliseconds, lastWrittenMilliseconds: part.lastWrittenMilliseconds)
        }
        state.pending = pending.filter { listsRenamed || !$0.isRenamed }.map(\.part) + closed
        return state
    }

    mutating func commit() {
        precondition(phase == .prepared, "what is committed was prepared")
        phase = .writing
        pending += closed.map { PendingPart(part: $0, isRenamed: false) }
        closed = []
    }

    /// The next part to be given its own name.
    var nextRename: PartFileName? { pending.first { !$0.isRenamed }.map { name($0.part.number) } }

    var needsFolderSync: Bool { pending.contains(where: \.isRenamed) }

    mutating func renamed(_ name: PartFileName) {
        guard let i = pending.firstIndex(where: { $0.part.number == name.number }) else { return }
        pending[i].isRenamed = true
    }

    /// What was renamed is durable now, and so are the hidden names.
    mutating func syncedFolder() {
        pending.removeAll(where: \.isRenamed)
        hasNewName = false
    }

    mutating func resumePending(_ part: PartFilesState.PendingPart, isRenamed: Bool) {
        pending.append(PendingPart(part: part, isRenamed: isRenamed))
    }

    /// Its length is not known to be durable.
    mutating func resumeOpen(_ part: PartFilesState.OpenPart, sizeBytes: Int) {
        open = OpenPart(
            number: part.number, sizeBytes: sizeBytes, begunMilliseconds: part.begunMilliseconds,
            lastWrittenMilliseconds: part.lastWrittenMilliseconds, needsSync: true)
    }

    func name(_ number: UInt64) -> PartFileName { PartFileName(number: number, subtask: subtask) }
}
