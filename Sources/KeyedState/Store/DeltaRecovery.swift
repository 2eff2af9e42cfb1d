import CommitLog
import HostSystem

// Which delta records are the state of the last commit.
//
// The journal names one record, by number and identity. Each record carries the identity of the one before it, so the
// named one vouches for the whole chain down to the checkpoint that the state base reaches. All else is dropped:
//
//     ident   a record of a number in the chain, but of another identity: written by an epoch that was never committed
//             (a file whose removal was lost may bring it back)
//     skip    a record up to the materialised checkpoint: in the base already, left behind by an interrupted drop
//     cut     what stands behind the named record, before anything is appended there
//
// A link of the chain that is not found is damage, told with the place where a file's whole records end.

/// What a start found in the delta files.
struct RecoveredDeltas: Sendable {
    var committed: CommittedCheckpoint
    var materialisedNumber: UInt64?
    /// Above what is materialised, in ascending order.
    var records: [DeltaRecordPlace]
    var fileSizes: [String: Int]
}

struct DeltaRecovery {
    let directory: String
    let run: RunID
    let files: any FileSystem
    let safeguards: Safeguards

    /// - Parameter materialised: how far the state base reaches.
    func recover(
        to committed: CommittedCheckpoint, materialised: CommittedCheckpoint?
    ) throws(StateError) -> RecoveredDeltas {
        let found = try scan()
        let chain = try chain(to: committed, from: materialised, in: found)
        var records = chain
        if !safeguards.contains(.skip), let materialised {
            records = found.flatMap(\.records).filter { $0.number <= materialised.number } + chain
        }
        let needed = Set(records.map(\.path))
        var sizes: [String: Int] = [:]
        for file in found {
            if !needed.contains(file.path) {
                try onFiles { () throws(FileError) in try files.remove(file.path) }
            } else if let last = records.last, last.path == file.path {
                sizes[file.path] = try cut(file, at: last.end)
            } else {
                sizes[file.path] = file.sizeBytes
            }
        }
        return RecoveredDeltas(
            committed: committed, materialisedNumber: materialised?.number, records: records, fileSizes: sizes)
    }

    /// The records above what is materialised up to the committed one; nothing is cut or dropped.
    func chain(
        to committed: CommittedCheckpoint, from materialised: CommittedCheckpoint?
    ) throws(StateError) -> [DeltaRecordPlace] {
        try chain(to: committed, from: materialised, in: try scan())
    }

    /// All delta files, by number.
    private func scan() throws(StateError) -> [DeltaFile] {
        let names = try onFiles { () throws(FileError) in try files.list(directory) }
        let numbers = names.compactMap(DeltaFileName.firstNumber(in:)).sorted()
        var found: [DeltaFile] = []
        for number in numbers {
            let path = directory + "/" + DeltaFileName.name(firstNumber: number)
            found.append(try DeltaFile.scan(path, firstNumber: number, run: run, files))
        }
        return found
    }

    private func chain(
        to committed: CommittedCheckpoint, from materialised: CommittedCheckpoint?, in found: [DeltaFile]
    ) throws(StateError) -> [DeltaRecordPlace] {
        if let materialised, materialised.number > committed.number {
            throw .damaged(
                path: directory, offset: 0,
                detail:
                    "the state base reaches checkpoint \(materialised.number), the last commit is \(committed.number)")
        }
        let candidates = Dictionary(grouping: found.flatMap(\.records), by: \.number)
        var chain: [DeltaRecordPlace] = []
        var wanted = committed
        while true {
            if let materialised, materialised.number == wanted.number {
                try check(materialised, is: wanted)
                break
            }
            let ofNumber = candidates[wanted.number] ?? []
            let place = ofNumber.last { $0.header.identity == wanted.recordChecksum || !safeguards.contains(.ident) }
            guard let place else { throw missing(wanted.number, in: found) }
            chain.append(place)
            if wanted.number == 0 { break }
            wanted = CommittedCheckpoint(
                number: wanted.number - 1, recordChecksum: place.header.previousIdentity)
        }
        return chain.reversed()
    }

    private func check(_ materialised: CommittedCheckpoint, is wanted: CommittedCheckpoint) throws(StateError) {
        guard materialised == wanted || !safeguards.contains(.ident) else {
            throw .damaged(
                path: directory, offset: 0,
                detail: "the state base holds another checkpoint \(wanted.number) than the one that was committed")
        }
    }

    /// The place where the record should have been, if a file that reaches up to it breaks off.
    private func missing(_ number: UInt64, in found: [DeltaFile]) -> StateError {
        for file in found.reversed() where file.firstNumber <= number {
            if let tail = file.tail, file.firstNumber &+ UInt64(file.records.count) <= number {
                return .damaged(path: file.path, offset: tail.offset, detail: tail.detail)
            }
        }
        return .missingRecord(path: directory, number: number)
    }

    /// Not synced: the next record's sync covers it, and until then only the committed records are believed.
    private func cut(_ file: DeltaFile, at end: Int) throws(StateError) -> Int {
        guard safeguards.contains(.cut), file.sizeBytes > end else { return file.sizeBytes }
        try onFiles { () throws(FileError) in
            let handle = try files.open(file.path, .update)
            defer { handle.close() }
            try handle.truncate(to: end)
        }
        return end
    }
}
