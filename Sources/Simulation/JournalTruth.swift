// What somebody has been told of a journal stands for ever, in that order: an entry whose append was acknowledged and all
// before it, what settling said, what a reader gave out. An entry whose append has failed, and that settling then leaves
// out, never comes to stand. The truth looks at the files themselves, as the page cache has them, after every step.

import CommitLog
import HostSystem

struct JournalTruth {
    struct Lie: Error {
        var description: String
    }

    static let directory = "data/journal"

    private let disk: SimulatedDisk
    private let time: SimulatedTime
    /// What stands.
    private(set) var told: [JournalEntry] = []
    /// What `told` comes to.
    private var state = JournalState()
    /// Entries whose append has failed: whoever settles next decides.
    private var undecided: [JournalEntry.Body] = []
    /// Those of them that were decided against.
    private var void: [JournalEntry.Body] = []
    /// A byte has rotten: the files are not looked at any more.
    private(set) var isRotten = false
    /// The first promise that was broken.
    private(set) var lie: Lie?

    init(_ disk: SimulatedDisk, _ time: SimulatedTime) {
        self.disk = disk
        self.time = time
    }

    /// All that is whole in the files.
    func written() throws(Lie) -> [WrittenEntry] {
        let files = disk.start()
        defer { files.kill() }
        do throws(JournalError) {
            do throws(FileError) {
                guard try files.exists(JournalTruth.directory) else { return [] }
            } catch {
                throw .file(error)
            }
            return try Journal.written(directory: JournalTruth.directory, files: files, time: time)
        } catch {
            throw Lie(description: "the files cannot be read: \(error)")
        }
    }

    /// Nothing of what was told is lost, and nothing stands twice.
    func check() throws(Lie) {
        guard !isRotten else { return }
        let entries = try written().map(\.entry)
        guard entries.starts(with: told) else {
            throw Lie(
                description: "\(told.count) entries were told of, and of these only "
                    + "\(zip(entries, told).prefix { $0 == $1 }.count) are still there")
        }
        for (i, entry) in entries.enumerated() where entry.body != .tick {
            if entries[..<i].contains(where: { $0.body == entry.body }) {
                throw Lie(description: "\(entry.body) stands twice")
            }
        }
    }

    /// An append begins, perhaps of what has failed before.
    mutating func tries(_ body: JournalEntry.Body) { void.removeAll { $0 == body } }

    /// An append has failed.
    mutating func failed(_ body: JournalEntry.Body) { undecided.append(body) }

    /// An append has returned.
    mutating func acknowledged(_ body: JournalEntry.Body, _ position: JournalPosition) {
        judge { (truth) throws(Lie) in try truth.judge(body, position) }
    }

    private mutating func judge(_ body: JournalEntry.Body, _ position: JournalPosition) throws(Lie) {
        if isRotten {
            guard position.sequence >= UInt64(told.count) || told[Int(position.sequence)].body == body else {
                throw Lie(description: "entry \(position.sequence) has been told of as another one")
            }
            return
        }
        let entries = try written().map(\.entry)
        guard position.sequence < entries.count, entries[Int(position.sequence)].body == body else {
            throw Lie(description: "entry \(position.sequence) was acknowledged, and is not there")
        }
        try extend(to: Int(position.sequence) + 1, entries)
    }

    /// Settling has said this.
    mutating func said(_ said: JournalState) {
        judge { (truth) throws(Lie) in try truth.judge(said) }
    }

    private mutating func judge(_ said: JournalState) throws(Lie) {
        guard said.end >= told.count else {
            throw Lie(description: "settling ends at entry \(said.end), though \(told.count) have been told of")
        }
        if isRotten { return }
        try extend(to: Int(said.end), try written().map(\.entry))
        void += undecided.filter { body in !told.contains { $0.body == body } }
        undecided = []
        guard said == state else { throw Lie(description: "settling says \(said), and the entries \(state)") }
    }

    /// A reader has given these out, the first of which had to have the number `place`.
    mutating func gave(_ given: [JournalEntry], from place: UInt64) {
        judge { (truth) throws(Lie) in try truth.judge(given, place) }
    }

    private mutating func judge(_ given: [JournalEntry], _ place: UInt64) throws(Lie) {
        guard given.map(\.sequence) == (0..<UInt64(given.count)).map({ place + $0 }) else {
            throw Lie(description: "a reader at \(place) is given \(given.map(\.sequence))")
        }
        let end = Int(place) + given.count
        if !isRotten, end > told.count { try extend(to: end, try written().map(\.entry)) }
        for entry in given where entry.sequence < told.count && told[Int(entry.sequence)] != entry {
            throw Lie(description: "a reader is given another entry \(entry.sequence) than was told of before")
        }
    }

    mutating func judge(_ body: (inout JournalTruth) throws(Lie) -> Void) {
        do throws(Lie) { try body(&self) } catch { lie = lie ?? error }
    }

    private mutating func extend(to end: Int, _ entries: [JournalEntry]) throws(Lie) {
        guard entries.count >= end, entries.starts(with: told) else {
            throw Lie(description: "\(end) entries are told of, and \(entries.count) are there")
        }
        guard end > told.count else { return }
        for entry in entries[told.count..<end] {
            if void.contains(entry.body) {
                throw Lie(description: "entry \(entry.sequence) stands, and settling has left it out: \(entry.body)")
            }
            do throws(JournalRefusal) {
                try state.apply(entry)
            } catch {
                throw Lie(description: "entry \(entry.sequence) was never allowed: \(error)")
            }
        }
        told = Array(entries[..<end])
    }

    /// Has a byte of an entry rot that a later one of its file proves to have been durable. False: there is none.
    mutating func rot(_ random: inout SplitMix64) throws(Lie) -> Bool {
        let entries = try written()
        let candidates = entries.filter { rotten in
            entries.contains { later in
                later.base == rotten.base && later.entry.sequence > rotten.entry.sequence
                    && later.entry.durableEnd > rotten.entry.sequence && later.entry.sequence < UInt64(told.count)
            }
        }
        guard let newest = entries.last?.base else { return false }
        let chosen = candidates.filter { $0.base == newest }
        guard !chosen.isEmpty else { return false }
        let entry = chosen[random.below(chosen.count)]
        let digits = String(entry.base)
        let name = String(repeating: "0", count: 20 - digits.count) + digits + ".journal"
        disk.rot(
            FilePath.join(JournalTruth.directory, name), at: entry.range.lowerBound + random.below(entry.range.count),
            mask: UInt8(1 + random.below(255)))
        isRotten = true
        return true
    }
}
