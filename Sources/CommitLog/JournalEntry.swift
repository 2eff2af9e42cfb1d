// One entry: byte table in `Docs/Formats/journal.md`. It covers its predecessor's checksum, so it cannot stand behind
// another one; and it is verified by itself, so that the durable end it carries is believed when the one before is broken.

import HostSystem

/// A place in the order of everything that is committed.
package struct JournalPosition: Hashable, Comparable, Sendable {
    package var sequence: UInt64
    /// The entry's time; never less than an earlier entry's.
    package var milliseconds: Int64

    package static func < (a: JournalPosition, b: JournalPosition) -> Bool { a.sequence < b.sequence }
}

package struct JournalEntry: Equatable, Sendable {
    package static let largestJobNameBytes = 1024

    package var sequence: UInt64
    package var milliseconds: Int64
    /// The checksum of the entry before.
    var predecessor: UInt32
    /// The sequence number below which everything was known to be durable when this was written.
    package internal(set) var durableEnd: UInt64
    package var body: Body

    package var position: JournalPosition { JournalPosition(sequence: sequence, milliseconds: milliseconds) }
}

extension JournalEntry {
    /// `SLJE`
    static let magic: UInt32 = 0x454A_4C53
    private static let lengthOffset = 4
    /// Magic, length, sequence, time, predecessor, durable end, kind; and the checksum behind the payload.
    static let smallestBytes = 4 + 4 + 8 + 8 + 4 + 8 + 1 + 4
    /// A longer entry is refused.
    static let largestBytes = 1 << 20

    /// The bytes, whose last four are the checksum.
    func encode() -> (bytes: [UInt8], checksum: UInt32) {
        var writer = ByteWriter(capacityBytes: 256)
        writer.write(JournalEntry.magic)
        writer.write(UInt32(0))
        writer.write(sequence)
        writer.write(milliseconds)
        writer.write(predecessor)
        writer.write(durableEnd)
        body.encode(to: &writer)
        writer.patch(UInt32(writer.count + 4), at: JournalEntry.lengthOffset)
        let checksum = Checksum.crc32c(writer.bytes)
        writer.write(checksum)
        return (writer.bytes, checksum)
    }

    enum Decoding {
        case entry(JournalEntry, lengthBytes: Int, checksum: UInt32)
        /// Not an entry, or not a whole one.
        case invalid(String)
        /// Written so, by the checksum, but not to be understood.
        case unreadable(CorruptBytes)
    }

    static func decode(_ bytes: [UInt8], at start: Int) -> Decoding {
        guard bytes.count - start >= smallestBytes else { return .invalid("an unfinished entry") }
        var reader = ByteReader(bytes[start...])
        do throws(CorruptBytes) {
            guard try reader.read(UInt32.self) == magic else { return .invalid("no entry") }
            let length = Int(try reader.read(UInt32.self))
            guard length >= smallestBytes, length <= largestBytes, length <= bytes.count - start else {
                return .invalid("an entry without its end")
            }
            let end = start + length
            let checksum = bytes.withUnsafeBytes { raw in
                Checksum.crc32c(UnsafeRawBufferPointer(rebasing: raw[start..<end - 4]))
            }
            var tail = ByteReader(bytes[(end - 4)..<end])
            guard try tail.read(UInt32.self) == checksum else { return .invalid("an entry with a wrong checksum") }
            var content = ByteReader(bytes[(start + 8)..<(end - 4)])
            let entry = try JournalEntry(from: &content)
            return .entry(entry, lengthBytes: length, checksum: checksum)
        } catch {
            return .unreadable(error)
        }
    }

    private init(from reader: inout ByteReader) throws(CorruptBytes) {
        sequence = try reader.read(UInt64.self, "sequence")
        milliseconds = try reader.read(Int64.self, "time")
        predecessor = try reader.read(UInt32.self, "predecessor's checksum")
        durableEnd = try reader.read(UInt64.self, "durable end")
        body = try Body(from: &reader)
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of entry") }
    }
}

extension JournalEntry {
    /// How many bytes from `start` on are whole entries that follow one another, beginning with `sequence` behind the entry of
    /// checksum `predecessor`; and the sequence number behind the last of them.
    static func chain(
        _ bytes: [UInt8], at start: Int, sequence: UInt64, after predecessor: UInt32
    ) -> (length: Int, end: UInt64) {
        var (at, end, chain) = (start, sequence, predecessor)
        while at < bytes.count, case .entry(let entry, let length, let checksum) = decode(bytes, at: at),
            entry.sequence == end, entry.predecessor == chain
        {
            at += length
            end += 1
            chain = checksum
        }
        return (at - start, end)
    }
}
