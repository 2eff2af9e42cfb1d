import CommitLog
import HostSystem

/// Where a whole record stands.
struct DeltaRecordPlace: Sendable {
    var path: String
    /// Of the record's header.
    var offset: Int
    var header: DeltaRecordHeader

    var number: UInt64 { header.number }
    var sizeBytes: Int { DeltaRecordHeader.sizeBytes + Int(header.bodyBytes) }
    var end: Int { offset + sizeBytes }
    private var bodyOffset: Int { offset + DeltaRecordHeader.sizeBytes }

    /// Reads the record, verified again. Errors: `damaged` where it is no longer what was written.
    func load(_ files: any FileSystem) throws(StateError) -> DeltaBody {
        let file = try onFiles { () throws(FileError) in try files.open(path, .read) }
        defer { file.close() }
        let bytes = try onFiles { () throws(FileError) in try file.readBytes(Int(header.bodyBytes), at: bodyOffset) }
        guard bytes.count == Int(header.bodyBytes), Checksum.crc32c(bytes) == header.bodyChecksum else {
            throw .damaged(
                path: path, offset: bodyOffset, detail: "the checksum of checkpoint \(number) does not match")
        }
        return try DeltaBody(bytes, header: header, path: path, offset: bodyOffset)
    }
}

/// A delta file as it was found: its whole records, and where they end.
struct DeltaFile: Sendable {
    var path: String
    var firstNumber: UInt64
    /// Ascending by number, without a hole.
    var records: [DeltaRecordPlace]
    var sizeBytes: Int
    /// Why the bytes after the last whole record are none; nil where there are no such bytes.
    var tail: (offset: Int, detail: String)?

    var lastNumber: UInt64? { records.last?.number }
}

extension DeltaFile {
    /// Walks over a file's records until one is not whole.
    /// Errors: `file`, and `unsupportedVersion`. Damage is told in `tail`: whether it matters depends on what is committed.
    static func scan(_ path: String, firstNumber: UInt64, run: RunID, _ files: any FileSystem) throws(StateError)
        -> DeltaFile
    {
        let file = try onFiles { () throws(FileError) in try files.open(path, .read) }
        defer { file.close() }
        let size = try onFiles { () throws(FileError) in try file.size() }
        var found = DeltaFile(path: path, firstNumber: firstNumber, records: [], sizeBytes: size)
        let head = try onFiles { () throws(FileError) in try file.readBytes(DeltaFileHeader.sizeBytes, at: 0) }
        do throws(StateError) {
            let header = try DeltaFileHeader(head, path: path)
            guard header == DeltaFileHeader(run: run, firstNumber: firstNumber) else {
                found.tail = (0, "the file belongs to another run or has another name")
                return found
            }
        } catch .damaged(_, let offset, let detail) {
            found.tail = (offset, detail)
            return found
        }
        var offset = DeltaFileHeader.sizeBytes
        while offset < size {
            let expected = firstNumber &+ UInt64(found.records.count)
            let read = try onFiles { () throws(FileError) in try file.record(expected, in: path, at: offset, size: size)
            }
            switch read {
            case .whole(let place):
                found.records.append(place)
                offset = place.end
            case .broken(let detail):
                found.tail = (offset, detail)
                return found
            }
        }
        return found
    }
}

private enum ScannedRecord {
    case whole(DeltaRecordPlace)
    case broken(String)
}

extension FileHandle {
    /// Fewer only at the end of the file.
    fileprivate func readBytes(_ count: Int, at offset: Int) throws(FileError) -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { (buffer, filled) throws(FileError) in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[filled..<count]))
                let got = try read(into: rest, at: offset + filled)
                if got == 0 { break }
                filled += got
            }
        }
    }

    fileprivate func record(
        _ expected: UInt64, in path: String, at offset: Int, size: Int
    ) throws(FileError) -> ScannedRecord {
        guard let header = DeltaRecordHeader(try readBytes(DeltaRecordHeader.sizeBytes, at: offset)) else {
            return .broken("no whole header of checkpoint \(expected)")
        }
        guard header.number == expected else {
            return .broken("checkpoint \(header.number) in the place of checkpoint \(expected)")
        }
        let bodyOffset = offset + DeltaRecordHeader.sizeBytes
        guard header.bodyBytes <= UInt64(max(0, size - bodyOffset)) else {
            return .broken("checkpoint \(expected) is cut off")
        }
        guard try checksum(ofNext: Int(header.bodyBytes), at: bodyOffset) == header.bodyChecksum else {
            return .broken("the checksum of checkpoint \(expected) does not match")
        }
        return .whole(DeltaRecordPlace(path: path, offset: offset, header: header))
    }

    /// Read in pieces: a file may be larger than what a start should take of the memory.
    private func checksum(ofNext count: Int, at offset: Int) throws(FileError) -> UInt32 {
        let pieceBytes = 1 << 20
        var checksum: UInt32 = 0
        var done = 0
        while done < count {
            let piece = try readBytes(min(pieceBytes, count - done), at: offset + done)
            if piece.isEmpty { break }
            checksum = Checksum.crc32c(piece, continuing: checksum)
            done += piece.count
        }
        return checksum
    }
}
