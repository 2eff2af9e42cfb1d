import Columnar
import Dataflow
import KeyedState

/// What a table of groups holds: keys, and the accumulators of some aggregate calls.
package struct GroupStateDescription: Sendable {
    /// Names its entries in the store.
    package var operatorID: UInt32
    package var keyTypes: [DataType]
    /// Positions of the keys whose hash decides the key group: those by which the exchange sends rows, in its order.
    package var keyGroupPositions: [Int]
    package var calls: [AggregateCall]
    /// For each call the type of its argument (any for `COUNT(*)`).
    package var argumentTypes: [DataType]
    /// The groups' keys (as `KeyEncoding` writes them) are less than this: what is behind is the operator's own. nil: all
    /// entries are groups.
    package var end: [UInt8]?
    /// The `COUNT(*)` among the calls without whose rows a group is none, and has no entry. nil: groups stay, or go by
    /// ranges of keys.
    package var rowCountCall: Int?

    /// - Parameter keyGroupPositions: nil: all keys.
    package init(
        operatorID: UInt32, keyTypes: [DataType], keyGroupPositions: [Int]? = nil, calls: [AggregateCall],
        argumentTypes: [DataType], end: [UInt8]? = nil, rowCountCall: Int? = nil
    ) {
        self.operatorID = operatorID
        self.keyTypes = keyTypes
        self.keyGroupPositions = keyGroupPositions ?? Array(keyTypes.indices)
        self.calls = calls
        self.argumentTypes = argumentTypes
        self.end = end
        self.rowCountCall = rowCountCall
    }

    /// Keys begin with a time that decides when they are deleted, and not where they are kept.
    var isTimeFirst: Bool { rowCountCall == nil && !keyTypes.isEmpty && !keyGroupPositions.contains(0) }

    /// Of keys that begin with a time: no group's key is as great, and what the store has from here on is the operator's
    /// own.
    var keysEnd: [UInt8]? {
        guard isTimeFirst, keyTypes[0] == .bigint else { return nil }
        var bytes: [UInt8] = []
        KeyEncoding.append([.bigint(FixedColumn([Int64.max]))], row: 0, to: &bytes)
        return bytes
    }

    /// One for each call, without slots.
    package func makeAccumulators() -> [Accumulator] {
        zip(calls, argumentTypes).map { call, type in Accumulator(call.function, argument: type) }
    }
}

/// The part of a job's state that is one operator's subtask's.
package struct StateAllotment: Sendable {
    /// nil: there is none, and everything stays in memory.
    package var store: StateStore?
    /// What the operator may hold in memory.
    package var limitBytes: Int
    package var keyGroups: Range<Int>
    /// Key groups in all.
    package var maximumParallelism: Int

    package init(
        store: StateStore?, limitBytes: Int, keyGroups: Range<Int> = 0..<KeyGroup.defaultMaximumParallelism,
        maximumParallelism: Int = KeyGroup.defaultMaximumParallelism
    ) {
        self.store = store
        self.limitBytes = limitBytes
        self.keyGroups = keyGroups
        self.maximumParallelism = maximumParallelism
    }

    package init(_ context: LinkContext) {
        self.init(
            store: context.store, limitBytes: context.stateLimitBytes, keyGroups: context.keyGroups,
            maximumParallelism: context.settings.maximumParallelism)
    }
}
