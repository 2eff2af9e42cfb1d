// The content of `journal.lock`: scratch, never synced, believed only under the boot identity that wrote it, where the
// page cache keeps it through any process's death. Byte table in `Docs/Formats/journal.md`.

import HostSystem

struct LockRecord: Equatable {
    enum Condition: UInt8 {
        case clean = 1
        /// The holder of the lock is about to append and sync; found by another, it has died there.
        case syncing = 2
        /// A sync has failed: what lies beyond `end` must never come to stand.
        case poisoned = 3
    }

    enum Reading: Equatable {
        /// Nobody has written one since the file was made.
        case absent
        case unreadable
        case record(LockRecord)
    }

    static let sizeBytes = 128
    /// `SLJL`
    private static let magic: UInt32 = 0x4C4A_4C53
    private static let version: UInt32 = 1
    private static let bootBytes = 64

    /// UTF-8, at most 64 bytes.
    var boot: [UInt8]
    /// The first sequence number of the current file.
    var base: UInt64
    /// Everything below this sequence number is durable.
    var end: UInt64
    var condition: Condition

    init(bootIdentity: String, base: UInt64, end: UInt64, condition: Condition) {
        boot = LockRecord.boot(bootIdentity)
        self.base = base
        self.end = end
        self.condition = condition
    }

    static func boot(_ identity: String) -> [UInt8] { Array(identity.utf8.prefix(bootBytes)) }

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacityBytes: LockRecord.sizeBytes)
        writer.write(LockRecord.magic)
        writer.write(LockRecord.version)
        writer.write(base)
        writer.write(end)
        writer.write(condition.rawValue)
        writer.write(UInt8(boot.count))
        writer.writeRaw(boot)
        writer.writeRaw([UInt8](repeating: 0, count: LockRecord.sizeBytes - 4 - writer.count))
        writer.write(Checksum.crc32c(writer.bytes))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) -> Reading {
        if bytes.isEmpty { return .absent }
        guard bytes.count == sizeBytes else { return .unreadable }
        var reader = ByteReader(bytes)
        do throws(CorruptBytes) {
            var tail = ByteReader(bytes[(sizeBytes - 4)...])
            guard try tail.read(UInt32.self) == Checksum.crc32c(Array(bytes[..<(sizeBytes - 4)])),
                try reader.read(UInt32.self) == magic, try reader.read(UInt32.self) == version
            else { return .unreadable }
            let base = try reader.read(UInt64.self)
            let end = try reader.read(UInt64.self)
            guard let condition = Condition(rawValue: try reader.read(UInt8.self)) else { return .unreadable }
            let count = Int(try reader.read(UInt8.self))
            guard count <= bootBytes else { return .unreadable }
            let boot = String(decoding: try reader.readRaw(count), as: UTF8.self)
            return .record(LockRecord(bootIdentity: boot, base: base, end: end, condition: condition))
        } catch {
            return .unreadable
        }
    }
}
