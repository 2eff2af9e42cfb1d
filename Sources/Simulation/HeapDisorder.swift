import Dataflow
import Glibc
import HostSystem
import Synchronization

/// Blocks of the heap with gaps between them, as a process has that has done much else: what is allocated while they stand
/// lies elsewhere, and may be given more room, than where they do not. Nothing that a seed decides depends on it.
package final class HeapDisorder {
    /// Threads have parts of the heap of their own, of which those take one over that come later.
    private static let threads = 16
    private static let blocksPerThread = 4000

    private let kept: [Blocks]

    package init(seed: UInt64) {
        let kept = (0..<Self.threads).map { Blocks(seed: seed &+ UInt64($0)) }
        self.kept = kept
        let (isReady, goesOn) = (Doorbell(), kept.map { _ in Doorbell() })
        let threads = kept.indices.map { index in
            WorkerThread(name: "disorder") {
                kept[index].allocate(Self.blocksPerThread)
                isReady.ring()
                goesOn[index].wait()
            }
        }
        // All of them live at once, so that none takes over another's part.
        while !kept.allSatisfy(\.isThere) { isReady.wait() }
        goesOn.forEach { $0.ring() }
        threads.forEach { $0.join() }
    }

    deinit { kept.forEach { $0.free() } }
}

/// `@unchecked Sendable`: made by one thread, and freed by another one when that has ended.
private final class Blocks: @unchecked Sendable {
    private let seed: UInt64
    private var blocks: [UnsafeMutableRawPointer] = []
    private let whole = Atomic(false)

    init(seed: UInt64) { self.seed = seed }

    var isThere: Bool { whole.load(ordering: .acquiring) }

    func allocate(_ count: Int) {
        var random = SplitMix64(seed: seed)
        let all = (0..<count).compactMap { _ in malloc(16 << random.below(7) + 16 * random.below(8)) }
        for block in all {
            if random.oneIn(2) { blocks.append(block) } else { Glibc.free(block) }
        }
        whole.store(true, ordering: .releasing)
    }

    func free() { blocks.forEach { Glibc.free($0) } }
}
