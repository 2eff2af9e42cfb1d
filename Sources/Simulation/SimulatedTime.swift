import HostSystem
import Synchronization

/// Clocks that stand still until they are moved.
package final class SimulatedTime: TimeSource {
    private let milliseconds: Atomic<Int64>
    private let wallShift = Atomic<Int64>(0)

    package init(milliseconds: Int64 = 1_000_000) { self.milliseconds = Atomic(milliseconds) }

    package func wallMilliseconds() -> Int64 {
        milliseconds.load(ordering: .relaxed) &+ wallShift.load(ordering: .relaxed)
    }
    package func monotonicNanoseconds() -> Int64 { milliseconds.load(ordering: .relaxed) &* 1_000_000 }

    /// Somebody sets the wall clock: forward, or back.
    package func shiftWall(milliseconds change: Int64) { wallShift.wrappingAdd(change, ordering: .relaxed) }

    /// Moves both clocks; back, too, where `milliseconds` is negative.
    package func advance(milliseconds change: Int64) { milliseconds.wrappingAdd(change, ordering: .relaxed) }
}

/// Random numbers that repeat with their seed.
package final class SimulatedRandom: RandomSource {
    private let generator: Mutex<SplitMix64>

    package init(seed: UInt64) { generator = Mutex(SplitMix64(seed: seed)) }

    package func next() -> UInt64 { generator.withLock { $0.next() } }
}
