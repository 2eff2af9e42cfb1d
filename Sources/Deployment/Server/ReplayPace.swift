/// How fast a version reads where more is there than it has read: what follows at the pace of its input says nothing of that.
package struct ReplayPace: Sendable {
    /// Checkpoints come in steps: what is shorter says little.
    static let shortestNanoseconds: Int64 = 2_000_000_000

    private var start: (nanoseconds: Int64, read: UInt64)?
    private var lastRead: UInt64?
    /// Over the newest replay that took long enough; nil: there was none.
    package private(set) var rowsPerSecond: Double?

    package init() {}

    /// - Parameters:
    ///   - read: rows, as of its last checkpoint.
    ///   - there: rows that it could have read.
    package mutating func sample(nanoseconds now: Int64, read: UInt64, there: UInt64) {
        let sinceLast = read - min(read, lastRead ?? read)
        lastRead = read
        guard there - min(there, read) > sinceLast else { return self.start = nil }
        guard let start, read >= start.read else { return self.start = (now, read) }
        let span = now - start.nanoseconds
        guard span >= Self.shortestNanoseconds, read > start.read else { return }
        rowsPerSecond = Double(read - start.read) * 1e9 / Double(span)
    }
}
