// How far a version has come in what it reads: in bars, a line a partition, or in one line.

extension StatusText {
    private static let mostBarCells = 30

    func progress(_ version: VersionStatus) -> [StyledLine] {
        let shown = furthestBehind(version.partitions)
        let names = ["all"] + shown.map(\.name)
        let nameCells = names.map { StyledLine($0).cells }.max() ?? 0
        var all = bar("all", nameCells, version.rowsDone, version.rowsTotal)
        all.add(Self.rest(of: version).map { " · " + $0 }.joined())
        var lines = [all]
        // One partition is all of it.
        guard version.partitions.count > 1 else { return lines }
        lines += shown.map { bar($0.name, nameCells, $0.done, $0.total) }
        let hidden = version.partitions.count - shown.count
        if hidden > 0 { lines.append(StyledLine("  and \(hidden) partitions more, not as far behind", .faint)) }
        return lines
    }

    /// In the order in which they came.
    private func furthestBehind(_ partitions: [VersionStatus.Partition]) -> [VersionStatus.Partition] {
        guard partitions.count > mostPartitions else { return partitions }
        let behind = partitions.indices.sorted { (partitions[$0].left, $1) > (partitions[$1].left, $0) }
        return behind.prefix(max(0, mostPartitions)).sorted().map { partitions[$0] }
    }

    private func bar(_ name: String, _ nameCells: Int, _ done: Int, _ total: Int) -> StyledLine {
        var line = StyledLine("  \(name)" + String(repeating: " ", count: nameCells - StyledLine(name).cells + 2))
        let fraction = Self.fraction(done, of: total)
        let cells = barCells(nameCells)
        if cells > 0 {
            let filled = Int((fraction * Double(cells)).rounded(.down))
            line.add(String(repeating: "█", count: filled), .good)
            line.add(String(repeating: "░", count: cells - filled), .faint)
            line.add("  ")
        }
        line.add(Self.percent(fraction))
        return line.adding("  \(RunDisplay.count(done)) of \(RunDisplay.count(total))" + (name == "all" ? " rows" : ""))
    }

    /// What numbers of ten digits leave; none where that is hardly anything.
    private func barCells(_ nameCells: Int) -> Int {
        guard let width else { return Self.mostBarCells }
        let cells = min(Self.mostBarCells, width - nameCells - 70)
        return cells >= 5 ? cells : 0
    }

    /// Never 1 before all is done.
    private static func fraction(_ done: Int, of total: Int) -> Double {
        if done >= total { return 1 }
        return min(0.999, max(0, Double(done) / Double(max(1, total))))
    }

    private static func percent(_ fraction: Double) -> String {
        let text = RunDisplay.tenths((fraction * 1000).rounded(.down) / 10) + "%"
        return String(repeating: " ", count: max(0, 6 - text.count)) + text
    }

    private static func rest(of version: VersionStatus) -> [String] {
        guard version.rowsDone < version.rowsTotal else { return [] }
        var parts: [String] = []
        if let rate = version.rowsPerSecond { parts.append(Self.rate(rate)) }
        if let seconds = version.etaSeconds { parts.append("ETA " + SpanText.estimate(seconds: seconds)) }
        return parts
    }

    /// For where nothing can be drawn over: a version's progress in one line.
    package static func line(_ job: String, _ version: VersionStatus) -> String {
        var parts = ["\(job)@\(version.number) \(version.state.rawValue)"]
        if !version.isPublished, version.rowsTotal > 0 {
            let percent = RunDisplay.tenths(
                (fraction(version.rowsDone, of: version.rowsTotal) * 1000).rounded(.down) / 10)
            parts.append("\(RunDisplay.count(version.rowsDone)) of \(rows(version.rowsTotal)) (\(percent)%)")
        }
        if version.state == .stalled || version.state == .failed { parts.append(version.stallOrFailure) }
        if let rate = version.rowsPerSecond { parts.append(Self.rate(rate)) }
        if let seconds = version.etaSeconds, version.rowsDone < version.rowsTotal {
            parts.append("ETA " + SpanText.estimate(seconds: seconds))
        }
        parts.append("lag \(rows(version.lagRows))")
        if let latency = version.latencyMilliseconds { parts.append("p99 \(Self.latency(latency.p99))") }
        if let age = version.checkpointAgeMilliseconds {
            parts.append("checkpoint \(SpanText.text(milliseconds: age)) ago")
        }
        if let paused = version.paused { parts.append("paused: \(paused)") }
        if let audit = version.audit { parts.append("audit \(audit.verdict)") }
        if let problems = version.guarded?.problems, !problems.isEmpty {
            parts.append("guard: " + problems.joined(separator: "; "))
        }
        return StyledLine(parts.joined(separator: " · ")).text
    }
}

extension VersionStatus {
    fileprivate var stallOrFailure: String { state == .stalled ? stallText : reason }
}

extension VersionStatus.Partition {
    fileprivate var name: String { "\(topic)/\(partition)" }
    fileprivate var left: Int { total &- done }
}
