import Dataflow
import Glibc
import HostSystem

// What a run shows on standard error: on a terminal one live line, elsewhere a plain line now and then. Rows per second are
// over the last second, the ETA over all of the run.

final class RunDisplay: RunObserver {
    private let time: any TimeSource
    private let isTerminal: Bool
    /// Between two plain lines; 0: one for every checkpoint.
    private let plainIntervalNanoseconds: Int64
    private let startNanoseconds: Int64
    private(set) var lastMetrics: JobMetrics?
    private var nextPlainNanoseconds: Int64
    private var isLineOpen = false
    private var window: [(nanoseconds: Int64, rowsIn: Int, rowsOut: Int)] = []
    private var firstBytes = 0

    init(time: any TimeSource, plainIntervalNanoseconds: Int64) {
        self.time = time
        isTerminal = StandardStreams.errorIsTerminal
        self.plainIntervalNanoseconds = plainIntervalNanoseconds
        startNanoseconds = time.monotonicNanoseconds()
        nextPlainNanoseconds = startNanoseconds + plainIntervalNanoseconds
    }

    var elapsedSeconds: Double { Double(time.monotonicNanoseconds() - startNanoseconds) / 1e9 }

    func notice(_ text: String) {
        closeLine()
        StandardStreams.error("notice: \(text)\n")
    }

    func started(_ metrics: JobMetrics) {
        lastMetrics = metrics
        firstBytes = metrics.bytesRead.load(ordering: .relaxed)
    }

    var wantsTicks: Bool { isTerminal || plainIntervalNanoseconds > 0 }

    func tick(_ metrics: JobMetrics) {
        let now = time.monotonicNanoseconds()
        observe(metrics, now)
        guard now - startNanoseconds > 500_000_000 else { return }
        if isTerminal {
            StandardStreams.error("\r\u{1B}[K" + line(metrics, now).prefix(StandardStreams.errorWidth - 1))
            isLineOpen = true
        } else if plainIntervalNanoseconds > 0, now >= nextPlainNanoseconds {
            nextPlainNanoseconds = now + plainIntervalNanoseconds
            StandardStreams.error(line(metrics, now) + "\n")
        }
    }

    func committed(_: UInt64, _ metrics: JobMetrics) {
        guard !isTerminal, plainIntervalNanoseconds == 0 else { return }
        let now = time.monotonicNanoseconds()
        observe(metrics, now)
        StandardStreams.error(line(metrics, now) + "\n")
    }

    func closeLine() {
        guard isLineOpen else { return }
        StandardStreams.error("\n")
        isLineOpen = false
    }

    private func observe(_ metrics: JobMetrics, _ now: Int64) {
        let rowsIn = metrics.rowsIn.load(ordering: .relaxed)
        let rowsOut = metrics.rowsOut.load(ordering: .relaxed)
        // After a restart inside the run the counters begin anew.
        if let last = window.last, rowsIn < last.rowsIn || rowsOut < last.rowsOut { window = [] }
        window.append((now, rowsIn, rowsOut))
        while window.count > 2, now - window[1].nanoseconds > 1_000_000_000 { window.removeFirst() }
    }

    private func line(_ metrics: JobMetrics, _ now: Int64) -> String {
        let first = window[0]
        let last = window[window.count - 1]
        let seconds = Double(max(1, last.nanoseconds - first.nanoseconds)) / 1e9
        var parts = [
            "in \(Self.count(last.rowsIn)) rows (\(Self.count(Int(Double(last.rowsIn - first.rowsIn) / seconds)))/s)",
            "out \(Self.count(last.rowsOut)) (\(Self.count(Int(Double(last.rowsOut - first.rowsOut) / seconds)))/s)",
        ]
        parts += progress(metrics, last.rowsIn, Double(now - startNanoseconds) / 1e9)
        let checkpoints = metrics.checkpoints
        if checkpoints.count > 0 {
            let age = Double(now - checkpoints.lastNanoseconds) / 1e9
            let took = Double(checkpoints.lastDurationNanoseconds) / 1e6
            parts.append("checkpoint \(Self.tenths(age)) s ago, took \(Self.tenths(took)) ms")
        }
        let skipped = metrics.skippedRecords.load(ordering: .relaxed)
        if skipped > 0 { parts.append("\(Self.count(skipped)) bad records skipped") }
        let quarantined = metrics.quarantinedRows.load(ordering: .relaxed)
        if quarantined > 0 { parts.append("\(Self.count(quarantined)) rows in quarantine") }
        if metrics.lateRows > 0 { parts.append(Self.lateRows(metrics)) }
        return parts.joined(separator: " · ")
    }

    /// Of files by bytes; of a job over topics alone by rows.
    private func progress(_ metrics: JobMetrics, _ rowsIn: Int, _ elapsedSeconds: Double) -> [String] {
        let bytesTotal = metrics.bytesTotal.load(ordering: .relaxed)
        let rowsTotal = metrics.rowsTotal.load(ordering: .relaxed)
        if bytesTotal > 0 {
            let read = metrics.bytesRead.load(ordering: .relaxed)
            return ["\(byteText(read)) of \(byteText(bytesTotal))"]
                + Self.estimate(read - firstBytes, of: bytesTotal - firstBytes, elapsedSeconds)
        }
        guard rowsTotal > rowsIn else { return [] }
        return ["\(Self.count(rowsTotal - rowsIn)) rows behind"] + Self.estimate(rowsIn, of: rowsTotal, elapsedSeconds)
    }

    private static func estimate(_ done: Int, of total: Int, _ elapsedSeconds: Double) -> [String] {
        guard done > 0, done < total else { return [] }
        return ["ETA \(duration(Double(total - done) * elapsedSeconds / Double(done)))"]
    }

    static func lateRows(_ metrics: JobMetrics) -> String {
        let areKept = metrics.keepsLateRows.load(ordering: .relaxed)
        return "\(count(metrics.lateRows)) late rows" + (areKept ? "" : " dropped")
    }

    static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 1e9).rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    /// `12,345,678`
    static func count(_ value: Int) -> String {
        var digits = Array(String(value))
        var at = digits.count - 3
        while at > (value < 0 ? 1 : 0) {
            digits.insert(",", at: at)
            at -= 3
        }
        return String(digits)
    }
}
