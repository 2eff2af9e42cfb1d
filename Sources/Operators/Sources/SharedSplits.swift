import Dataflow
import Synchronization

// The ledger of one source, shared by the readers of all its subtasks, and the doorbells of those who wait.
//
// Whoever waits is noted under the same lock under which nothing was found for him, and a doorbell keeps a ring that
// nobody waits for yet: no wake is lost. Doorbells are rung outside the lock.

package final class SharedSplits: Sendable {
    private struct Reader {
        var wake: @Sendable () -> Void
        var isWaiting = false
    }

    private struct State {
        var ledger: SplitLedger
        var readers: [Reader] = []
        var isIdle = false
        /// Of the monotonic clock: when a row was last given.
        var lastGivenNanoseconds: Int64 = 0
    }

    package enum Taken: Sendable {
        case split(Split)
        /// Nothing is open; others may return something, or more may be found.
        case nothing
        /// All is given.
        case over
    }

    private let state: Mutex<State>

    /// More is found by and by: readers wait for it.
    private let isEndless: Bool

    /// The first reader takes everything, so that its rows stay in order.
    private let isReadByOne: Bool

    package init(_ policy: SplitLedger.Policy, isEndless: Bool, isReadByOne: Bool = false) {
        self.isEndless = isEndless
        self.isReadByOne = isReadByOne
        state = Mutex(State(ledger: SplitLedger(policy)))
    }

    /// - Returns: the reader's number.
    package func addReader(wake: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.readers.append(Reader(wake: wake))
            return state.readers.count - 1
        }
    }

    /// Looks at the ledger, or changes it, and wakes everyone who waits.
    package func update<Result>(_ body: (inout SplitLedger) -> Result) -> Result {
        let (result, wakes) = state.withLock { state in
            let result = body(&state.ledger)
            _ = state.ledger.advance()
            return (result, Self.takeWaiting(&state))
        }
        for wake in wakes { wake() }
        return result
    }

    package func read<Result>(_ body: (SplitLedger) -> Result) -> Result { state.withLock { body($0.ledger) } }

    package func take(reader: Int) -> Taken {
        state.withLock { state in
            if reader == 0 || !isReadByOne, let split = state.ledger.take(for: reader) { return .split(split) }
            if !isEndless, state.ledger.isRead { return .over }
            state.readers[reader].isWaiting = true
            return .nothing
        }
    }

    package func parsed(_ split: Split, end: Int64, _ sum: SplitSum, stalledAt: Int64?) {
        let wakes = state.withLock { state in
            state.ledger.parsed(split, end: end, sum, stalledAt: stalledAt)
            // A split without anything in it may have been the last thing to be read.
            _ = state.ledger.advance()
            return Self.takeWaiting(&state)
        }
        for wake in wakes { wake() }
    }

    /// nil: the reader is woken when that may have changed.
    package func carry(of split: Split, reader: Int) -> SplitSum? {
        state.withLock { state in
            let carry = state.ledger.carry(of: split)
            state.readers[reader].isWaiting = carry == nil
            return carry
        }
    }

    /// The carry of a split in which a mistake was found, once it is the first mistake.
    package func carryOfFirst(_ split: Split, reader: Int) -> SplitSum? {
        state.withLock { state in
            let carry = state.ledger.isFirstUnparsed(split) ? state.ledger.carry(of: split) : nil
            state.readers[reader].isWaiting = carry == nil
            return carry
        }
    }

    package func give(_ split: Split, upTo end: Int64, _ sum: SplitSum, atNanoseconds: Int64) {
        let wakes = state.withLock { state in
            let hasAdvanced = state.ledger.give(split, upTo: end, sum)
            let wasIdle = state.isIdle
            state.isIdle = false
            state.lastGivenNanoseconds = atNanoseconds
            let isNews = hasAdvanced || wasIdle || state.ledger.inputs[split.input].isRead
            return isNews ? Self.takeWaiting(&state) : []
        }
        for wake in wakes { wake() }
    }

    // MARK: Event time

    /// `Int64.min`: unknown; nil: nobody shall wait for this source.
    package var activeWatermark: Int64? { state.withLock { $0.isIdle ? nil : $0.ledger.watermark } }

    /// nil where there is no watermark, or nobody shall wait for this source.
    package func eventTime(naming name: (_ input: Int) -> String) -> SourceEventTime? {
        let found = state.withLock { state -> (watermark: Int64, slowest: Int?)? in
            guard state.ledger.policy.hasWatermark, !state.isIdle else { return nil }
            return (state.ledger.watermark, state.ledger.slowest)
        }
        return found.map { SourceEventTime(watermark: $0.watermark, heldBy: $0.slowest.map(name)) }
    }

    package func begin(atNanoseconds: Int64) { state.withLock { $0.lastGivenNanoseconds = atNanoseconds } }

    /// A source that has had nothing to give for that long is idle until it gives again.
    package func noteIdleness(nowNanoseconds: Int64, timeoutNanoseconds: Int64) {
        let wakes = state.withLock { state in
            let isQuiet = nowNanoseconds &- state.lastGivenNanoseconds >= timeoutNanoseconds
            guard isQuiet, !state.isIdle, state.ledger.isRead else { return [@Sendable () -> Void]() }
            state.isIdle = true
            return Self.takeWaiting(&state)
        }
        for wake in wakes { wake() }
    }

    private static func takeWaiting(_ state: inout State) -> [@Sendable () -> Void] {
        var wakes: [@Sendable () -> Void] = []
        for reader in state.readers.indices where state.readers[reader].isWaiting {
            state.readers[reader].isWaiting = false
            wakes.append(state.readers[reader].wake)
        }
        return wakes
    }
}
