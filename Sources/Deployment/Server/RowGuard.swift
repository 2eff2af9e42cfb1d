// Whether more of the rows that a version reads are late or rejected, since it became live, than were before. What is "before"
// is the version that it took over from; where that one did not answer, its own replay.

package struct RowGuard: Equatable, Sendable {
    package struct Counts: Equatable, Sendable {
        /// Read of all inputs, as its last checkpoint has it.
        package var rows: UInt64
        package var late: Int64
        /// Skipped or in quarantine, since its worker began.
        package var rejected: Int64

        package init(rows: UInt64, late: Int64, rejected: Int64) {
            self.rows = rows
            self.late = late
            self.rejected = rejected
        }
    }

    private enum Kind: String {
        case late = "came too late"
        case rejected = "were rejected"
    }

    /// Fewer say nothing where some were usual before.
    static let fewest: Int64 = 10
    /// So many times as often as before.
    static let factor = 2.0

    /// Of the version that became live, when it did.
    private let start: Counts
    private let before: Counts
    private let source: String

    /// - Parameter previous: of the version before; nil: not known.
    package init(start: Counts, previous: Counts?, number: Int) {
        self.start = start
        before = previous ?? start
        source = previous == nil ? "in its replay" : "in version \(number)"
    }

    /// What is worse by now than before.
    package func problems(_ now: Counts) -> [String] {
        let rows = now.rows > start.rows ? now.rows - start.rows : 0
        return [
            problem(.late, Self.growth(from: start.late, to: now.late), of: rows, usual: before.late),
            problem(.rejected, Self.growth(from: start.rejected, to: now.rejected), of: rows, usual: before.rejected),
        ].compactMap(\.self)
    }

    /// A worker that was started again counts from zero.
    private static func growth(from start: Int64, to now: Int64) -> Int64 { now >= start ? now - start : now }

    private func problem(_ kind: Kind, _ count: Int64, of rows: UInt64, usual: Int64) -> String? {
        guard count > 0, usual == 0 || count >= Self.fewest else { return nil }
        // What is counted is ahead of the last checkpoint.
        let rows = max(rows, UInt64(count))
        let (share, usualShare) = (Double(count) / Double(rows), Double(usual) / Double(max(1, before.rows)))
        guard share > Self.factor * usualShare else { return nil }
        let usualText = usual == 0 ? "none" : AuditText.percent(usualShare)
        return "\(count) of the \(rows) rows read since it became live \(kind.rawValue): \(AuditText.percent(share)), "
            + "\(source) \(usualText)"
    }
}
