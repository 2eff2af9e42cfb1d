import Dataflow

// A plan for people: what comes, beside what, what it reads and writes, how much there is to do.

extension DeploymentPlan {
    package var lines: [StyledLine] {
        var lines = [heading]
        lines += planChanges.map {
            StyledLine("  \($0)", $0.hasPrefix("-") ? .bad : $0.hasPrefix("+") ? .good : .plain)
        }
        lines += aligned("reads", inputs.map { [$0.topic, $0.amount] })
        lines += aligned("writes", outputs.map { ["\($0.name) as \($0.topic)", $0.text(isFirst: live == nil)] })
        lines.append(StyledLine("replays " + replay))
        if let disk, let needed = disk.neededBytes, let live {
            let text =
                "needs about \(byteText(needed)) of disk, as \(job)@\(live) does; \(byteText(disk.freeBytes)) are free"
            let kept = ", of which \(byteText(disk.reserveBytes)) are kept for what runs: deploy is refused"
            lines.append(disk.isEnough ? StyledLine(text) : StyledLine(text).adding(kept, .bad))
        }
        lines += warnings.map { StyledLine("warning: ", .caution).adding($0) }
        return lines
    }

    private var heading: StyledLine {
        let line = StyledLine("\(job)@\(version)", .strong)
        guard let live else { return line.adding(", the first version: it is live from the start") }
        let how =
            switch comparison {
            case "identical":
                planChanges.isEmpty ? "its plan is that of the live version" : "what it publishes has the same columns"
            case "additive": "what it publishes has more columns"
            default: comparison
            }
        return line.adding(", beside \(job)@\(live), which stays live: \(how)")
    }

    private var replay: String {
        guard rowsToReplay > 0 else { return "nothing" }
        let eta = etaSeconds.map { ", which takes about \(SpanText.estimate(seconds: $0))" } ?? ""
        return StatusText.rows(rowsToReplay) + eta
    }

    private func aligned(_ verb: String, _ rows: [[String]]) -> [StyledLine] {
        let cells = rows.map { StyledLine($0[0]).cells }.max() ?? 0
        return rows.enumerated().map { number, row in
            let first = number == 0 ? verb : String(repeating: " ", count: verb.count)
            return StyledLine(
                "\(first) \(row[0])" + String(repeating: " ", count: cells - StyledLine(row[0]).cells) + "  \(row[1])")
        }
    }
}

extension DeploymentPlan.Input {
    fileprivate var amount: String {
        let size = bytes.map { ", \(byteText($0))" } ?? ""
        return StatusText.rows(rows) + size + ", \(partitions) partition\(partitions == 1 ? "" : "s")"
    }
}

extension DeploymentPlan.Output {
    fileprivate func text(isFirst: Bool) -> String {
        var parts = [kind == "keyed" ? "a table with a key" : "rows that are only added"]
        switch change {
        case "new": parts.append("new")
        case "added": parts.append("new columns \(addedColumns.joined(separator: ", "))")
        default: parts.append("the same columns")
        }
        guard !isFirst, change != "new" else { return parts.joined(separator: "; ") }
        parts.append(
            onSwitch == "diff"
                ? "its readers get the difference when it becomes live"
                : "its readers go on with its new rows when it becomes live")
        return parts.joined(separator: "; ")
    }
}
