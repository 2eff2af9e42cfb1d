import Synchronization

// `--memory` is a promise for the process. Until state can be evicted, passing it stops the job with the operator's name.

package final class MemoryBudget: Sendable {
    /// Kept back for code, buffers of scans and the store: not for state.
    package static let reservedBytes = 48 << 20

    package let limitBytes: Int
    private let used = Mutex<[UInt32: (name: String, bytes: Int)]>([:])

    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// The part of the budget that tables, old values and channels share.
    package var stateLimitBytes: Int { max(limitBytes - Self.reservedBytes, limitBytes / 4) }

    /// Says what an operator's subtask now holds. Returns the sum of all.
    @discardableResult
    package func report(_ subtask: UInt32, _ name: String, bytes: Int) throws(JobFailure) -> Int {
        let (sum, largest) = used.withLock { used -> (Int, (name: String, bytes: Int)?) in
            used[subtask] = (name, bytes)
            let largest = used.max { ($0.value.bytes, $1.key) < ($1.value.bytes, $0.key) }
            return (used.values.reduce(0) { $0 + $1.bytes }, largest?.value)
        }
        guard sum > stateLimitBytes, let largest else { return sum }
        throw JobFailure(
            .memory, "state does not fit in memory: \(largest.name) holds \(byteText(largest.bytes))",
            detail: "all operators together hold \(byteText(sum)) of the \(byteText(stateLimitBytes)) that --memory "
                + "\(byteText(limitBytes)) leaves for state",
            hint: "start again with a larger --memory: the run goes on from its last checkpoint")
    }
}

/// `1.5 GiB`, `12 KiB`
package func byteText(_ bytes: Int) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
        value /= 1024
        unit += 1
    }
    if unit == 0 { return "\(bytes) bytes" }
    let tenths = Int(value * 10 + 0.5)
    return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
}
