// How `--memory` is shared out. What the process needs before it has read a row comes first; of the rest, state gets
// the larger half, since a table that is rebuilt to evict stands in memory half again for a moment.

package struct MemoryPlan: Equatable, Sendable {
    /// Code, stacks, catalog, and what the allocator keeps back.
    package static let reservedBytes = 16 << 20

    package let totalBytes: Int
    /// For each keyed operator of each subtask: tables, old values, dirty entries.
    package let stateBytesPerOperator: Int
    /// For the state base: blocks that were read, buffers of materialisations and compactions.
    package let stateBaseBytes: Int
    /// For each channel.
    package let channelBytes: Int

    /// - Parameter stateBytes: for all tables; nil: half of what is free.
    package init(totalBytes: Int, stateBytes: Int? = nil, keyedOperators: Int, channels: Int) {
        self.totalBytes = totalBytes
        let free = max(totalBytes - Self.reservedBytes, totalBytes / 4)
        stateBytesPerOperator = min(stateBytes ?? free / 2, free / 2) / max(keyedOperators, 1)
        stateBaseBytes = min(free / 4, 1 << 30)
        channelBytes = max(free / 8 / max(channels, 1), 64 << 10)
    }
}

extension MemoryPlan {
    init(_ graph: JobGraph, _ settings: JobSettings) {
        let keyed = graph.vertices.count { vertex in vertex.inputs.contains { $0.exchange != .forward } }
        self.init(
            totalBytes: settings.memoryBytes, stateBytes: settings.stateMemoryBytes,
            keyedOperators: keyed * settings.parallelism,
            channels: Wiring.channelCount(graph, parallelism: settings.parallelism))
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
