import Glibc
import HostSystem
import KeyedState
import Synchronization

/// What a simulated database has on disk. It outlives the processes that open it.
package final class OrderedMapStorage: Sendable {
    struct Content: Sendable {
        var entries: [[UInt8]: [UInt8]] = [:] {
            didSet { sortedKeys = nil }
        }
        var checkpoint: [UInt8]?
        /// Made when it is asked for.
        private var sortedKeys: [[UInt8]]?

        init() {}

        init(_ bytes: [UInt8]) throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            checkpoint = Array(try reader.readBytes("checkpoint"))
            while !reader.isAtEnd {
                let key = Array(try reader.readBytes("key"))
                entries[key] = Array(try reader.readBytes("value"))
            }
        }

        /// In their order.
        mutating func keys(in range: KeyRange) -> ArraySlice<[UInt8]> {
            let sorted = sortedKeys ?? entries.keys.sorted { $0.precedes($1) }
            sortedKeys = sorted
            let first = sorted.firstPlace { !$0.precedes(range.from) }
            return sorted[first..<max(first, sorted.firstPlace { !$0.precedes(range.to) })]
        }

        func encoded() -> [UInt8] {
            var writer = ByteWriter()
            writer.writeBytes(checkpoint ?? [])
            for (key, value) in entries {
                writer.writeBytes(key)
                writer.writeBytes(value)
            }
            return writer.bytes
        }
    }

    let content = Mutex(Content())

    package init() {}

    package var count: Int { content.withLock { $0.entries.count } }
}

/// RocksDB's stand-in: the same contract over a map, each ingest durable and whole.
package final class OrderedMapStateBase: StateBase {
    private let storage: OrderedMapStorage
    private let process: SimulatedFileSystem?

    package let mergeBytes: Int

    /// - Parameter process: once it is dead nothing is changed any more.
    package init(_ storage: OrderedMapStorage, process: SimulatedFileSystem? = nil, mergeBytes: Int = .max) {
        self.storage = storage
        self.process = process
        self.mergeBytes = mergeBytes
    }

    private func checkAlive() throws(StateError) {
        if process?.isDead == true {
            throw .file(FileError(.open, "state base", code: SimulatedFileSystem.processDeath))
        }
    }

    package func materialisedCheckpoint() throws(StateError) -> [UInt8]? {
        try checkAlive()
        return storage.content.withLock { $0.checkpoint }
    }

    package func ingest(_ merge: DeltaMerge, checkpoint: [UInt8]) throws(StateError) {
        try checkAlive()
        var changes: [(key: [UInt8], value: [UInt8]?)] = []
        var ranges: [KeyRange] = []
        try merge.forEachPart { (entries) throws(StateError) in
            ranges += entries.deletedRanges
            try entries.forEach { (key, value) throws(StateError) in
                changes.append((Array(key), value.map { Array($0) }))
            }
        }
        precondition(
            zip(changes, changes.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) },
            "entries come in the order of their keys, each key once")
        precondition(
            zip(ranges, ranges.dropFirst()).allSatisfy { !$1.from.lexicographicallyPrecedes($0.to) }
                && ranges.allSatisfy { $0.from.lexicographicallyPrecedes($0.to) },
            "ranges come in the order of their keys, and do not overlap")
        try checkAlive()
        storage.content.withLock { [changes, ranges] content in
            for range in ranges {
                for key in content.entries.keys where range.contains(key) { content.entries[key] = nil }
            }
            for (key, value) in changes { content.entries[key] = value }
            content.checkpoint = checkpoint
        }
    }

    package func lookUp(
        _ keys: SoughtKeys, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) throws(StateError) -> Void
    ) throws(StateError) {
        try checkAlive()
        for index in keys.order() {
            var key = [UInt8](repeating: 0, count: keys.baseKeyBytes(of: index))
            key.withUnsafeMutableBytes { raw in
                if let target = raw.baseAddress { keys.writeBaseKey(of: index, to: target) }
            }
            let value = storage.content.withLock { [key] in $0.entries[key] }
            guard let value else {
                try body(index, nil)
                continue
            }
            try value.span.bytes.withUnsafeBytes { (value) throws(StateError) in try body(index, value) }
        }
    }

    package func scan(
        _ range: KeyRange,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Bool
    ) throws(StateError) {
        try checkAlive()
        // All of one moment.
        let (keys, entries) = storage.content.withLock { content in (content.keys(in: range), content.entries) }
        for key in keys {
            guard let value = entries[key] else { preconditionFailure("a key that is listed has a value") }
            let goesOn = try key.span.bytes.withUnsafeBytes { (key) throws(StateError) in
                try value.span.bytes.withUnsafeBytes { (value) throws(StateError) in try body(key, value) }
            }
            if !goesOn { return }
        }
    }

    package func export(to directory: String, _ files: any FileSystem) throws(StateError) {
        try checkAlive()
        let content = storage.content.withLock { $0 }
        guard content.checkpoint != nil else { return }
        do throws(FileError) {
            try files.makeDirectories(directory)
            let file = try files.open(directory + "/map", .createNew)
            defer { file.close() }
            try file.write(content.encoded(), at: 0)
            try file.sync()
            try files.syncDirectory(directory)
        } catch {
            throw .file(error)
        }
    }

    package func inherit(from directory: String, _ files: any FileSystem) throws(StateError) -> [UInt8]? {
        try checkAlive()
        let path = directory + "/map"
        let bytes: [UInt8]
        do throws(FileError) { bytes = try files.readAll(path) } catch { throw .file(error) }
        do throws(CorruptBytes) {
            var content = try OrderedMapStorage.Content(bytes)
            let reached = content.checkpoint
            content.checkpoint = []
            storage.content.withLock { [content] in $0 = content }
            return reached
        } catch {
            throw .damaged(path: path, offset: error.offset, detail: "expected \(error.expected)")
        }
    }

    package func discard() throws(StateError) {
        try checkAlive()
        storage.content.withLock { $0 = OrderedMapStorage.Content() }
    }

    package func sizeBytes() -> Int {
        storage.content.withLock { $0.entries.reduce(0) { $0 + $1.key.count + $1.value.count } }
    }

    package func close() {}
}

extension KeyRange {
    fileprivate func contains(_ key: [UInt8]) -> Bool {
        !key.lexicographicallyPrecedes(from) && key.lexicographicallyPrecedes(to)
    }
}

extension [UInt8] {
    fileprivate func precedes(_ other: [UInt8]) -> Bool {
        let order = memcmp(self, other, Swift.min(count, other.count))
        return order == 0 ? count < other.count : order < 0
    }
}

extension [[UInt8]] {
    /// The first place where the condition holds, which it does from there on.
    fileprivate func firstPlace(where holds: ([UInt8]) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
