/// The unit by which keyed state is spread over subtasks: every key belongs to one, whatever the parallelism.
@usableFromInline
package struct KeyGroup: Hashable, Comparable, Sendable {
    @usableFromInline package var index: UInt16

    /// How many key groups a job has unless told otherwise; fixed at its first start.
    package static let defaultMaximumParallelism = 128
    /// Flink's limit.
    package static let largestMaximumParallelism = 32_768

    @inlinable
    package init(index: UInt16) { self.index = index }

    /// The key group of a key with this hash. The upper bits of the hash decide, so a table may use the lower ones.
    @inlinable
    package init(hash: UInt64, maximumParallelism: Int) {
        index = UInt16(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(maximumParallelism)).high)
    }

    @inlinable
    package static func < (left: KeyGroup, right: KeyGroup) -> Bool { left.index < right.index }
}
