import Dataflow
import Deployment

// What a deployed job does just now, as lines for people:
//
//     orders@2  candidate  REPLAYING for 14 s · checkpoint 0.8 s ago
//       all       ████████░░░░░░░░░░░░  41.3%  1,200,000 of 2,900,000 rows · 118,000 rows/s · ETA 15 s
//       clicks/0  ████████░░░░░░░░░░░░  40.0%  600,000 of 1,500,000
//       lag 1,700,000 rows · state 12 MiB · 12 late rows
//     orders@1  live       LIVE for 3 h 2 min · checkpoint 0.2 s ago
//       52,000 rows/s, 52,100 rows/s arrive · lag 12 rows · latency p50 12 ms, p99 31 ms
//
// A pure function of the status, the time and the width.

package struct StatusText {
    /// Milliseconds since 1970-01-01 UTC.
    package var now: Int
    /// Cells of a line; longer ones are cut off. nil: there is no end.
    package var width: Int?
    /// Of one version; those that are furthest behind.
    package var mostPartitions: Int

    package init(now: Int, width: Int?, mostPartitions: Int = 16) {
        self.now = now
        self.width = width
        self.mostPartitions = mostPartitions
    }

    /// The candidate first, and what only runs beside it behind it.
    package func lines(_ job: JobStatus) -> [StyledLine] {
        guard !job.versions.isEmpty else { return clipped([StyledLine("\(job.job): no version", .faint)]) }
        var lines: [StyledLine] = []
        for version in Self.inOrder(job) {
            lines.append(heading(job, version))
            lines += details(version)
        }
        return clipped(lines)
    }

    private static func inOrder(_ job: JobStatus) -> [VersionStatus] {
        func rank(_ version: VersionStatus) -> Int {
            version.number == job.candidate ? 0 : version.number == job.live ? 1 : 2
        }
        return job.versions.sorted { (rank($0), -$0.number) < (rank($1), -$1.number) }
    }

    private func clipped(_ lines: [StyledLine]) -> [StyledLine] {
        guard let width else { return lines }
        return lines.map { $0.clipped(cells: width) }
    }

    // MARK: The first line

    private func heading(_ job: JobStatus, _ version: VersionStatus) -> StyledLine {
        var line = StyledLine("\(job.job)@\(version.number)", .strong)
        if version.role != "none" { line.add("  \(version.role)") }
        line.add("  ")
        line.add(version.state.rawValue, version.state.tone)
        line.add(" for " + SpanText.text(milliseconds: now &- version.since))
        if let age = version.checkpointAgeMilliseconds {
            line.add(" · checkpoint \(SpanText.text(milliseconds: age)) ago")
        } else if version.worker != nil {
            line.add(" · no checkpoint yet", .faint)
        }
        if let worker = version.worker { line.add(worker) }
        if version.worker == nil, version.wanted == .stopped { line.add(" · stopped", .caution) }
        return line
    }

    // MARK: What is behind it

    private func details(_ version: VersionStatus) -> [StyledLine] {
        var lines: [StyledLine] = []
        if let trouble = trouble(version) { lines.append(trouble) }
        if !version.isPublished, version.rowsTotal > 0 { lines += progress(version) }
        lines += [rates(version), content(version)].filter { !$0.isEmpty }.map { StyledLine("  " + joined($0)) }
        if let paused = version.paused { lines.append(StyledLine("  paused: ").adding(paused, .caution)) }
        if let watermark = version.watermark {
            let held = version.watermarkHeldBy.map { ", held back by \($0)" } ?? ""
            lines.append(StyledLine("  watermark \(watermark)\(held)"))
        }
        if let audit = version.audit { lines.append(line(audit)) }
        if let refused = version.refused { lines.append(StyledLine("  not promoted: ").adding(refused, .caution)) }
        if let guarded = version.guarded { lines.append(line(guarded)) }
        return lines
    }

    /// What is wrong, and in the words of whom.
    private func trouble(_ version: VersionStatus) -> StyledLine? {
        switch version.state {
        case .stalled:
            return StyledLine("  ").adding(version.stallText, .bad)
        case .failed:
            let ending = version.worker?.lastEnding.map { "; the worker's last end: \($0)" } ?? ""
            var line = StyledLine("  ").adding(version.reason + ending, .bad)
            if let last = version.worker?.lastLines.last(where: { !$0.isEmpty }) { line.add(": " + last) }
            return line
        default:
            guard version.worker?.isDown == true, let ending = version.worker?.lastEnding else { return nil }
            return StyledLine("  ").adding("the worker's last end: \(ending)", .caution)
        }
    }

    private func rates(_ version: VersionStatus) -> [String] {
        var parts: [String] = []
        if version.isPublished || version.rowsTotal == 0 || version.rowsDone >= version.rowsTotal,
            let rate = version.rowsPerSecond
        {
            parts.append(Self.rate(rate))
        }
        if let arrival = version.arrivalRowsPerSecond { parts.append(Self.rate(arrival) + " arrive") }
        if version.worker != nil { parts.append("lag \(Self.rows(version.lagRows))") }
        if let latency = version.latencyMilliseconds {
            parts.append(
                "latency p50 \(Self.latency(latency.median)), p99 \(Self.latency(latency.p99))")
        }
        return parts
    }

    private func content(_ version: VersionStatus) -> [String] {
        var parts: [String] = []
        if let bytes = version.stateBytes { parts.append("state \(byteText(bytes))") }
        if let late = version.lateRows, late > 0 { parts.append("\(RunDisplay.count(late)) late rows") }
        if let quarantined = version.quarantinedRows, quarantined > 0 {
            parts.append("\(RunDisplay.count(quarantined)) rows in quarantine")
        }
        return parts
    }

    private func line(_ audit: VersionStatus.Audit) -> StyledLine {
        var line = StyledLine("  audit ")
        line.add(audit.verdict, audit.verdict == "PASS" ? .good : audit.verdict == "WARN" ? .caution : .bad)
        line.add(", \(SpanText.text(milliseconds: now &- audit.at)) ago")
        if audit.isStale { line.add(", stale", .caution) }
        guard !audit.deletions.isEmpty else { return line }
        return line.adding(
            ", would delete " + audit.deletions.map(\.text).joined(separator: ", ") + ": promote asks", .caution)
    }

    private func line(_ guarded: VersionStatus.Guard) -> StyledLine {
        var line = StyledLine("  guarded for another " + SpanText.text(milliseconds: guarded.until &- now))
        guard !guarded.problems.isEmpty else { return line.adding(": nothing is wrong", .good) }
        line.add(": ")
        line.add(guarded.problems.joined(separator: "; "), .bad)
        return line
    }

    private func joined(_ parts: [String]) -> String { parts.joined(separator: " · ") }

    static func rows(_ count: Int) -> String { "\(RunDisplay.count(count)) row\(count == 1 ? "" : "s")" }

    static func latency(_ milliseconds: Double) -> String {
        let bounded = min(max(milliseconds, 0), 1e12)
        return (bounded < 100 ? RunDisplay.tenths(bounded) : "\(Int(bounded.rounded()))") + " ms"
    }

    static func rate(_ rowsPerSecond: Double) -> String {
        RunDisplay.count(Int(min(max(rowsPerSecond, 0), 1e15).rounded())) + " rows/s"
    }
}

extension StyledLine {
    fileprivate mutating func add(_ worker: VersionStatus.Worker) {
        if worker.phase != "running" { add(" · worker \(worker.phase)", worker.isDown ? .bad : .caution) }
        if worker.restarts > 0 { add(" · \(worker.restarts) restart\(worker.restarts == 1 ? "" : "s")", .caution) }
    }
}

extension VersionStatus.Worker {
    fileprivate var isDown: Bool { phase == "failed" || phase == "waiting" }
}

extension VersionStatus {
    var isPublished: Bool { state.isPublished }

    /// With both rates, where they are known.
    var stallText: String {
        guard let rate = rowsPerSecond, let arrival = arrivalRowsPerSecond else { return reason }
        return "\(reason); now it reads \(StatusText.rate(rate)), and \(StatusText.rate(arrival)) arrive"
    }
}

extension VersionState {
    var tone: StyledLine.Tone {
        switch self {
        case .live, .ready, .inSync: .good
        case .failed, .stalled: .bad
        case .guarded, .cuttingOver, .auditing: .caution
        case .retired, .aborted, .rolledBack: .faint
        case .planned, .replaying, .catchingUp, .standby: .strong
        }
    }
}
