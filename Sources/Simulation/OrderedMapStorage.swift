import HostSystem
import KeyedState
import Synchronization

/// What a simulated database has on disk. It outlives the processes that open it.
package final class OrderedMapStorage: Sendable {
    struct Content: Sendable {
        var entries: [[UInt8]: [UInt8]] = [:]
        var checkpoint: [UInt8]?
    }

    let content = Mutex(Content())

    package init() {}

    package var count: Int { content.withLock { $0.entries.count } }
}

/// RocksDB's stand-in: the same contract over a map, each ingest durable and whole.
package final class OrderedMapStateBase: StateBase {
    private let storage: OrderedMapStorage
    private let process: SimulatedFileSystem?

    /// - Parameter process: once it is dead nothing is changed any more.
    package init(_ storage: OrderedMapStorage, process: SimulatedFileSystem? = nil) {
        self.storage = storage
        self.process = process
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

    package func ingest(_ entries: SortedEntries, checkpoint: [UInt8]) throws(StateError) {
        try checkAlive()
        var changes: [(key: [UInt8], value: [UInt8]?)] = []
        try entries.forEach { (key, value) throws(StateError) in changes.append((Array(key), value.map { Array($0) })) }
        precondition(
            zip(changes, changes.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) },
            "entries come in the order of their keys, each key once")
        storage.content.withLock { [changes] content in
            for (key, value) in changes { content.entries[key] = value }
            content.checkpoint = checkpoint
        }
    }

    package func scan(
        from: [UInt8], to: [UInt8],
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) {
        try checkAlive()
        let found = storage.content.withLock { content in
            content.entries.filter { key, _ in
                !key.lexicographicallyPrecedes(from) && key.lexicographicallyPrecedes(to)
            }
        }
        for (key, value) in found.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            try key.span.bytes.withUnsafeBytes { (key) throws(StateError) in
                try value.span.bytes.withUnsafeBytes { (value) throws(StateError) in try body(key, value) }
            }
        }
    }

    package func sizeBytes() -> Int {
        storage.content.withLock { $0.entries.reduce(0) { $0 + $1.key.count + $1.value.count } }
    }

    package func close() {}
}
