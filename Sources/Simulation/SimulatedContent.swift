import HostSystem

/// What changed in a file since its last sync.
enum ContentChange {
    case write(offset: Int, bytes: [UInt8])
    case truncate(sizeBytes: Int)

    func apply(to content: inout [UInt8]) {
        switch self {
        case .write(let offset, let bytes):
            ContentChange.extend(&content, to: offset + bytes.count)
            content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        case .truncate(let sizeBytes):
            if sizeBytes < content.count { content.removeLast(content.count - sizeBytes) }
            ContentChange.extend(&content, to: sizeBytes)
        }
    }

    static func extend(_ content: inout [UInt8], to sizeBytes: Int) {
        if sizeBytes > content.count {
            content.append(contentsOf: repeatElement(0, count: sizeBytes - content.count))
        }
    }

    /// Torn: only a piece arrived, or only the new size, or something else than what was meant.
    func applyTorn(to content: inout [UInt8], _ random: inout SplitMix64) {
        guard case .write(let offset, let bytes) = self, !bytes.isEmpty else { return }
        let middle = random.below(bytes.count + 1)
        switch random.below(4) {
        case 0:
            ContentChange.write(offset: offset, bytes: Array(bytes[..<middle])).apply(to: &content)
        case 1:
            ContentChange.write(offset: offset + middle, bytes: Array(bytes[middle...])).apply(to: &content)
        case 2:
            ContentChange.extend(&content, to: offset + bytes.count)
        default:
            var garbled = bytes
            garbled[random.below(bytes.count)] ^= UInt8(1 + random.below(255))
            ContentChange.write(offset: offset, bytes: garbled).apply(to: &content)
        }
    }
}

/// How much of what was not synced a power loss leaves.
enum Survival: CaseIterable {
    case nothing, everything, anyPart
}

/// The bytes of one file: as processes see them, and as the disk has them.
struct SimulatedContent {
    private(set) var cached: [UInt8] = []
    private(set) var disk: [UInt8] = []
    /// In order, since the last sync.
    private var pending: [ContentChange] = []
    /// A failed sync left clean pages that the disk does not have: they turn back when they are evicted.
    private var isUnbacked = false

    init() {}

    mutating func change(_ change: ContentChange) {
        change.apply(to: &cached)
        pending.append(change)
    }

    mutating func sync() {
        if isUnbacked {
            for change in pending { change.apply(to: &disk) }
        } else {
            disk = cached
        }
        pending.removeAll()
    }

    /// Any part is written, never all of it; no page stays dirty. The size is no page: it waits for the next sync, since a
    /// file system that cannot write its own records goes on with nothing at all.
    mutating func failSync(_ random: inout SplitMix64) {
        let lost = random.below(max(1, pending.count))
        let hadSize = disk.count
        for (i, change) in pending.enumerated() where i != lost { survive(change, .anyPart, &random) }
        if !pending.isEmpty { isUnbacked = true }
        pending.removeAll()
        if hadSize != cached.count || disk.count != cached.count {
            pending.append(.truncate(sizeBytes: cached.count))
        }
    }

    /// The kernel forgets clean pages whenever it likes.
    mutating func evict() {
        guard isUnbacked else { return }
        cached = disk
        for change in pending { change.apply(to: &cached) }
        isUnbacked = false
    }

    mutating func losePower(_ survival: Survival, _ random: inout SplitMix64) {
        for change in pending { survive(change, survival, &random) }
        cached = disk
        pending.removeAll()
        isUnbacked = false
    }

    /// Bits change on the disk, and in the cache, without anybody's doing.
    mutating func rot(at offset: Int, mask: UInt8) {
        if offset < cached.count { cached[offset] ^= mask }
        if offset < disk.count { disk[offset] ^= mask }
    }

    private mutating func survive(_ change: ContentChange, _ survival: Survival, _ random: inout SplitMix64) {
        switch survival {
        case .nothing: return
        case .everything: change.apply(to: &disk)
        case .anyPart:
            switch random.below(5) {
            case 0, 1: return
            case 2, 3: change.apply(to: &disk)
            default: change.applyTorn(to: &disk, &random)
            }
        }
    }
}
