// The shared page, the first bytes of `journal.page`: scratch, never synced, believed only under the boot identity that
// wrote it, where the page cache keeps it through any process's death. Only who holds `journal.sync` writes it
// (`SyncTurn`); anybody reads it, and one who meets a writer finds a wrong checksum. Byte table in
// `Docs/Formats/journal.md`.

import HostSystem

struct JournalPage: Equatable {
    enum Condition: UInt8 {
        case clean = 1
        /// The holder of `journal.sync` is syncing; found by the next holder, it has died there.
        case syncing = 2
        /// A sync has failed: what lies beyond `end` must never come to stand.
        case poisoned = 3
        /// A sync has failed, and `end` says nothing: all that is valid has to be written anew.
        case unknown = 4
    }

    enum Reading: Equatable {
        /// Nobody has written one since the file was made.
        case absent
        case unreadable
        case page(JournalPage)
    }

    static let sizeBytes = 128
    /// Of the number that wakes readers: behind the record, in the same page of memory.
    static let signalOffset = 256
    /// `SLJP`
    private static let magic: UInt32 = 0x504A_4C53
    private static let version: UInt32 = 1
    private static let bootBytes = 64

    /// UTF-8, at most 64 bytes.
    var boot: [UInt8]
    /// The first sequence number of the current file.
    var base: UInt64
    /// Tells the current file from another one of its name.
    var identity: UInt64
    /// Everything below this sequence number is durable.
    var end: UInt64
    var condition: Condition

    init(bootIdentity: String, base: UInt64, identity: UInt64, end: UInt64, condition: Condition) {
        boot = JournalPage.boot(bootIdentity)
        self.base = base
        self.identity = identity
        self.end = end
        self.condition = condition
    }

    static func boot(_ identity: String) -> [UInt8] { Array(identity.utf8.prefix(bootBytes)) }

    func names(base: UInt64, identity: UInt64) -> Bool { self.base == base && self.identity == identity }

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacityBytes: JournalPage.sizeBytes)
        writer.write(JournalPage.magic)
        writer.write(JournalPage.version)
        writer.write(base)
        writer.write(identity)
        writer.write(end)
        writer.write(condition.rawValue)
        writer.write(UInt8(boot.count))
        writer.writeRaw(boot)
        writer.writeRaw([UInt8](repeating: 0, count: JournalPage.sizeBytes - 4 - writer.count))
        writer.write(Checksum.crc32c(writer.bytes))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) -> Reading {
        if bytes.allSatisfy({ $0 == 0 }) { return .absent }
        guard bytes.count == sizeBytes else { return .unreadable }
        var reader = ByteReader(bytes)
        do throws(CorruptBytes) {
            var tail = ByteReader(bytes[(sizeBytes - 4)...])
            guard try tail.read(UInt32.self) == Checksum.crc32c(Array(bytes[..<(sizeBytes - 4)])),
                try reader.read(UInt32.self) == magic, try reader.read(UInt32.self) == version
            else { return .unreadable }
            let base = try reader.read(UInt64.self)
            let identity = try reader.read(UInt64.self)
            let end = try reader.read(UInt64.self)
            guard let condition = Condition(rawValue: try reader.read(UInt8.self)) else { return .unreadable }
            let count = Int(try reader.read(UInt8.self))
            guard count <= bootBytes else { return .unreadable }
            let boot = String(decoding: try reader.readRaw(count), as: UTF8.self)
            return .page(
                JournalPage(bootIdentity: boot, base: base, identity: identity, end: end, condition: condition))
        } catch {
            return .unreadable
        }
    }
}
