// The beginning of a journal file: byte table in `Docs/Formats/journal.md`. It holds the full state, so that nothing
// before it is needed. Magic, version and length stand at the same places, and the checksum behind, in every version.

import HostSystem

struct JournalHeader: Equatable {
    /// `SLUICEJN`
    private static let magic: UInt64 = 0x4E4A_4543_4955_4C53
    static let version: UInt32 = 4
    private static let lengthOffset = 12

    /// The checksum of the last entry before this file, 0 where there is none.
    var predecessor: UInt32
    /// `state.end` is the file's first sequence number.
    var state: JournalState

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacityBytes: 256)
        writer.write(JournalHeader.magic)
        writer.write(JournalHeader.version)
        writer.write(UInt32(0))
        writer.write(predecessor)
        state.encode(to: &writer)
        writer.patch(UInt32(writer.count + 4), at: JournalHeader.lengthOffset)
        writer.write(Checksum.crc32c(writer.bytes))
        return writer.bytes
    }

    /// Reads the header and says how long it is. `name` is for errors, `base` the first sequence number by the name.
    static func decode(
        _ bytes: [UInt8], name: String, base: UInt64
    ) throws(JournalError) -> (JournalHeader, lengthBytes: Int) {
        var version = JournalHeader.version
        do throws(CorruptBytes) {
            let length: Int
            (version, length) = try verify(bytes)
            if version == JournalHeader.version {
                return (try decodeBody(bytes[16..<(length - 4)], base: base), length)
            }
        } catch {
            throw .damaged(file: name, offset: error.offset, detail: "expected \(error.expected)")
        }
        throw .unsupportedVersion(file: name, version: version)
    }

    /// What every version has in common: the checksum is right, the length lies in the file.
    private static func verify(_ bytes: [UInt8]) throws(CorruptBytes) -> (version: UInt32, lengthBytes: Int) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt64.self, "journal header") == magic else {
            throw CorruptBytes(offset: 0, expected: "a journal file's first bytes")
        }
        let version = try reader.read(UInt32.self, "version")
        let length = Int(try reader.read(UInt32.self, "header length"))
        guard length >= 20, length <= bytes.count else {
            throw CorruptBytes(offset: lengthOffset, expected: "a header that ends in the file")
        }
        var tail = ByteReader(bytes[(length - 4)..<length])
        guard try tail.read(UInt32.self) == Checksum.crc32c(Array(bytes[..<(length - 4)])) else {
            throw CorruptBytes(offset: 0, expected: "a header with the right checksum")
        }
        return (version, length)
    }

    private static func decodeBody(_ bytes: ArraySlice<UInt8>, base: UInt64) throws(CorruptBytes) -> JournalHeader {
        var reader = ByteReader(bytes)
        let header = JournalHeader(
            predecessor: try reader.read(UInt32.self, "predecessor's checksum"), state: try JournalState(from: &reader))
        guard reader.isAtEnd, header.state.end == base else {
            throw CorruptBytes(offset: 16, expected: "a header that belongs to the file's name")
        }
        return header
    }
}
