import Dataflow
import HostSystem

// What a run says at its end.

extension RunDisplay {
    func summaryText(_ result: RunResult, job: String) -> String {
        switch result {
        case .alreadyFinished:
            return "job \"\(job)\" has finished before, and nothing has changed since; --fresh starts over"
        case .finished, .stopped:
            let how = result == .finished ? "finished" : "stopped after a checkpoint; the next start goes on"
            guard let metrics = lastMetrics else { return "job \"\(job)\" \(how)" }
            let seconds = elapsedSeconds
            let rows = metrics.rowsIn.load(ordering: .relaxed)
            let rate = Int(Double(rows) / max(seconds, 0.001))
            var text =
                "job \"\(job)\" \(how): \(Self.count(rows)) rows in, "
                + "\(Self.count(metrics.rowsOut.load(ordering: .relaxed))) rows out, "
                + "\(metrics.checkpoints.count) checkpoints, \(Self.tenths(seconds)) s (\(Self.count(rate)) rows/s)"
            let skipped = metrics.skippedRecords.load(ordering: .relaxed)
            if skipped > 0 { text += ", \(Self.count(skipped)) bad records skipped" }
            let quarantined = metrics.quarantinedRows.load(ordering: .relaxed)
            if quarantined > 0 { text += ", \(Self.count(quarantined)) rows in quarantine" }
            let nulled = metrics.nulledFields.load(ordering: .relaxed)
            if nulled > 0 { text += ", \(Self.count(nulled)) bad fields read as NULL" }
            if metrics.lateRows > 0 { text += ", " + Self.lateRows(metrics) }
            return text
        }
    }

    func summaryJSON(_ result: RunResult, job: String) -> JSONValue {
        let name =
            switch result {
            case .finished: "finished"
            case .stopped: "stopped"
            case .alreadyFinished: "already-finished"
            }
        var fields: [(String, JSONValue)] = [("job", .string(job)), ("result", .string(name))]
        if result != .alreadyFinished, let metrics = lastMetrics {
            let checkpoints = metrics.checkpoints
            fields += [
                ("rowsIn", .integer(metrics.rowsIn.load(ordering: .relaxed))),
                ("rowsOut", .integer(metrics.rowsOut.load(ordering: .relaxed))),
                ("bytesRead", .integer(metrics.bytesRead.load(ordering: .relaxed))),
                ("skippedRecords", .integer(metrics.skippedRecords.load(ordering: .relaxed))),
                ("quarantinedRows", .integer(metrics.quarantinedRows.load(ordering: .relaxed))),
                ("nulledFields", .integer(metrics.nulledFields.load(ordering: .relaxed))),
                ("lateRows", .integer(metrics.lateRows)),
                (
                    "lateRowsByOperator",
                    .object(metrics.lateRowsByOperator.map { ($0.name, .integer($0.count)) })
                ),
                ("stateBytes", .integer(metrics.stateBytes)),
                ("seconds", .number(elapsedSeconds)),
                (
                    "checkpoints",
                    .object([
                        ("count", .integer(checkpoints.count)),
                        ("lastDurationMilliseconds", .number(Double(checkpoints.lastDurationNanoseconds) / 1e6)),
                        ("stallMillisecondsP50", .number(Double(checkpoints.stall(percentile: 50)) / 1e6)),
                        ("stallMillisecondsP90", .number(Double(checkpoints.stall(percentile: 90)) / 1e6)),
                    ])
                ),
            ]
        }
        return .object(fields)
    }
}
