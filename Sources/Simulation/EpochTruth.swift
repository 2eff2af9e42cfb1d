// What must be true, kept apart from the engine: the commits that were acknowledged, the one that may or may not have
// become one, and what a consumer has taken away. Every line that is written is different, even when the same row is
// written again after a crash, so that bytes of a lost epoch are told from the committed ones.

import CommitLog
import HostSystem
import Operators

/// What one row leaves in the state of its key. The stamp tells a repeated epoch from the lost one.
struct EpochCounter: Equatable {
    var count: UInt64
    var stamp: UInt64
}

struct EpochCommit {
    var checkpoint: CommittedCheckpoint
    /// Rows of the input up to here.
    var position: Int
    var table: [[UInt8]: EpochCounter]
    /// This epoch's lines, for each sink.
    var lines: [[String]]
}

struct EpochTruth {
    static let folders = ["out/a", "out/b"]

    private(set) var last: EpochCommit?
    /// Its entry may stand: nobody has been told.
    private var undecided: EpochCommit?
    /// All committed lines of each sink, in order.
    private var lines: [[String]] = folders.map { _ in [] }
    private var taken: [[String]] = folders.map { _ in [] }
    /// Files of somebody else, by path.
    var foreign: [String: [UInt8]] = [:]

    mutating func asks(for commit: EpochCommit) { undecided = commit }

    mutating func acknowledged() {
        guard let commit = undecided else { return }
        for (i, new) in commit.lines.enumerated() { lines[i] += new }
        last = commit
        undecided = nil
    }

    /// A start has read the journal to its end.
    mutating func journalSays(_ checkpoint: CommittedCheckpoint?) throws(EpochFailure) {
        if let checkpoint, checkpoint == undecided?.checkpoint { acknowledged() }
        undecided = nil
        guard last?.checkpoint == checkpoint else {
            throw .violation(
                "the journal's last commit is \(String(describing: checkpoint)), not "
                    + "\(String(describing: last?.checkpoint))")
        }
    }

    /// What was recovered is the last commit.
    func check(position: Int, table: [[UInt8]: EpochCounter]) throws(EpochFailure) {
        guard let last else { throw .violation("something is recovered although nothing is committed") }
        guard position == last.position else {
            throw .violation("recovered position \(position), committed \(last.position)")
        }
        guard table == last.table else {
            throw .violation("recovered state \(table), committed \(last.table)")
        }
        var counts: [[UInt8]: UInt64] = [:]
        for row in 0..<position { EpochInput.count(row, in: &counts) }
        guard table.mapValues(\.count) == counts else {
            throw .violation("state \(table) is not the fold of \(position) rows")
        }
    }

    /// At any time: what can be seen is committed, whole, and there once.
    func checkVisible(_ files: any FileSystem) throws(EpochFailure) {
        for (i, folder) in EpochTruth.folders.enumerated() {
            let seen = try visible(folder, files).flatMap(\.lines) + taken[i]
            let committed = Set(lines[i])
            if let wrong = seen.first(where: { !committed.contains($0) }) {
                throw .violation("\(folder) shows \"\(wrong)\", which is not committed")
            }
            guard Set(seen).count == seen.count else { throw .violation("\(folder) shows a row twice") }
        }
        for (path, content) in foreign.sorted(by: { $0.key < $1.key }) {
            guard try onDisk({ () throws(FileError) in try files.exists(path) ? files.readAll(path) : nil }) == content
            else { throw .violation("the file of somebody else at \(path) is lost") }
        }
    }

    /// After a recovery, and at the end: nothing committed is missing. `open`: hidden parts may hold rows.
    func checkComplete(_ files: any FileSystem, run: RunID, open: Bool) throws(EpochFailure) {
        try checkVisible(files)
        for (i, folder) in EpochTruth.folders.enumerated() {
            var found = try visible(folder, files).flatMap(\.lines) + taken[i]
            if open { found += try hidden(folder, run, files) }
            guard found.sorted() == lines[i].sorted() else {
                let missing = lines[i].filter { !found.contains($0) }
                throw .violation("\(folder) lacks \(missing), and holds \(found.count) rows of \(lines[i].count)")
            }
        }
    }

    /// A consumer reads the first finished file of a folder and takes it away.
    mutating func take(_ sink: Int, _ files: any FileSystem) throws(EpochFailure) {
        let folder = EpochTruth.folders[sink]
        guard let file = try visible(folder, files).first else { return }
        taken[sink] += file.lines
        try onDisk { () throws(FileError) in
            try files.remove(file.path)
            try files.syncDirectory(folder)
        }
    }

    private func visible(
        _ folder: String, _ files: any FileSystem
    ) throws(EpochFailure) -> [(path: String, lines: [String])] {
        guard try onDisk({ () throws(FileError) in try files.exists(folder) }) else { return [] }
        var found: [(path: String, lines: [String])] = []
        for name in try onDisk({ () throws(FileError) in try files.list(folder) }).sorted() {
            let path = FilePath.join(folder, name)
            guard PartFileName(visible: name) != nil, foreign[path] == nil else { continue }
            found.append((path, try readLines(path, files)))
        }
        return found
    }

    private func hidden(_ folder: String, _ run: RunID, _ files: any FileSystem) throws(EpochFailure) -> [String] {
        var found: [String] = []
        for name in try onDisk({ () throws(FileError) in try files.list(folder) }).sorted() {
            guard let hidden = PartFileName.parse(hidden: name), hidden.run == run.description else { continue }
            found += try readLines(FilePath.join(folder, name), files)
        }
        return found
    }

    private func readLines(_ path: String, _ files: any FileSystem) throws(EpochFailure) -> [String] {
        let bytes = try onDisk { () throws(FileError) in try files.readAll(path) }
        guard bytes.last ?? 0x0A == 0x0A else { throw .violation("\(path) ends in the middle of a row") }
        return bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The rows: the same whoever reads them, and however often.
enum EpochInput {
    static func key(_ row: Int) -> [UInt8] {
        var generator = SplitMix64(seed: UInt64(row))
        let key = generator.below(7)
        return [UInt8](repeating: UInt8(65 + key), count: 1 + key * 3)
    }

    /// Every fifth row of a key removes the key.
    static func removes(_ count: UInt64) -> Bool { count % 5 == 0 }

    static func count(_ row: Int, in counts: inout [[UInt8]: UInt64]) {
        let key = key(row)
        let count = counts[key, default: 0] + 1
        counts[key] = removes(count) ? nil : count
    }

    static func goes(_ row: Int, into sink: Int) -> Bool { sink == 0 || row % 3 == 0 }
}
