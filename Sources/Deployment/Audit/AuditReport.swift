import HostSystem

/// What an audit has found.
package struct AuditReport: Sendable {
    package typealias Verdict = AuditRecord.Verdict

    /// Why the verdict is not PASS.
    package struct Finding: Equatable, Sendable {
        package var verdict: Verdict
        package var text: String

        package init(verdict: Verdict, text: String) {
            self.verdict = verdict
            self.text = text
        }
    }

    package var cut: AuditCut
    package var options: AuditOptions
    /// Whether somebody has said what may differ.
    package var hasExpectations: Bool
    package var outputs: [OutputAudit]
    package var checks: [AuditCheck] = []
    /// Of the old and the new version, while they ran; nil: not known.
    package var facts: (old: RunFacts, new: RunFacts)?

    package var findings: [Finding] {
        outputs.flatMap { $0.findings(hasExpectations: hasExpectations, options) } + checks.compactMap(\.finding)
    }

    package var verdict: Verdict {
        let verdicts = findings.map(\.verdict)
        return verdicts.contains(.fail) ? .fail : verdicts.contains(.warn) ? .warn : .pass
    }
}

/// Of one output.
package struct OutputAudit: Sendable {
    package enum Outcome: Sendable {
        case compared(OutputComparison)
        case onlyOld
        case onlyNew
        /// Why not.
        case incomparable(message: String, detail: String?)
    }

    package var name: String
    package var outcome: Outcome

    func findings(hasExpectations: Bool, _ options: AuditOptions) -> [AuditReport.Finding] {
        let name = "output \"\(name)\""
        switch outcome {
        case .onlyNew: return []
        case .onlyOld: return [.init(verdict: .warn, text: "\(name) is not written by the new version")]
        case .incomparable(let message, let detail):
            return [.init(verdict: .fail, text: message + (detail.map { ": \($0)" } ?? ""))]
        case .compared(let found):
            var findings: [AuditReport.Finding] = []
            let different = found.counts.different
            if hasExpectations, found.unexpected > 0 {
                let text =
                    "\(Rows.text(found.unexpected, "difference")) of \(name) \(found.unexpected == 1 ? "is" : "are")"
                findings.append(.init(verdict: .fail, text: "\(text) not expected"))
            } else if !hasExpectations, different > 0 {
                findings.append(.init(verdict: .warn, text: "\(name) differs in \(Rows.text(different, "row"))"))
            }
            if let volume = found.volume, volume.outside > 0 {
                let part = AuditText.percent(options.volumeTolerance)
                findings.append(
                    .init(
                        verdict: .warn,
                        text: "\(name) has \(Rows.text(volume.outside, volume.period.rawValue)) whose number of rows "
                            + "differs by more than \(part)"))
            }
            return findings
        }
    }
}

/// Two versions of an output, side by side.
package struct OutputComparison: Sendable {
    package var key: [String]
    package var counts: RowCounts
    /// Of compared columns that differ anywhere, the changed rows in which they do.
    package var changedColumns: [(name: String, rows: Int)]
    package var addedColumns: [String]
    package var removedColumns: [String]
    /// What is expected of this output, and the rows of each.
    package var expectations: [(text: String, rows: Int)]
    /// Differences that nothing covers; all, where nothing is expected.
    package var unexpected: Int
    package var samples: [DifferenceSample]
    /// nil: no column says when a row is of.
    package var volume: VolumeAudit?

    package var isKeyed: Bool { !key.isEmpty }
}

/// A query whose rows are violations, as it came out.
package struct AuditCheck: Sendable {
    package enum Outcome: Sendable {
        /// `columns` and `sample`: as text, of the first ones.
        case violations(count: Int, columns: [String], sample: [[String]])
        /// The whole message, ready to be shown.
        case doesNotRun(String)
    }

    /// Of its file, without its ending.
    package var name: String
    /// Violations do not fail the audit.
    package var onlyWarns: Bool
    package var outcome: Outcome

    package init(name: String, onlyWarns: Bool, outcome: Outcome) {
        self.name = name
        self.onlyWarns = onlyWarns
        self.outcome = outcome
    }

    package var verdict: AuditReport.Verdict {
        switch outcome {
        case .violations(0, _, _): .pass
        case .violations: onlyWarns ? .warn : .fail
        case .doesNotRun: .fail
        }
    }

    var finding: AuditReport.Finding? {
        switch outcome {
        case .violations(0, _, _): nil
        case .violations(let count, _, _):
            .init(verdict: verdict, text: "check \"\(name)\" has \(Rows.text(count, "violation"))")
        case .doesNotRun: .init(verdict: .fail, text: "check \"\(name)\" does not run")
        }
    }
}

/// What is known of how a version runs; nil: not known.
package struct RunFacts: Equatable, Sendable {
    package var lateRows: Int64?
    package var quarantinedRows: Int64?
    package var stateBytes: Int64?

    package init(lateRows: Int64? = nil, quarantinedRows: Int64? = nil, stateBytes: Int64? = nil) {
        self.lateRows = lateRows
        self.quarantinedRows = quarantinedRows
        self.stateBytes = stateBytes
    }

    /// Of a version as `GET /v1/deployments/:job` has it.
    package init(status: JSONValue) {
        self.init(
            lateRows: status["lateRows"]?.integerValue, quarantinedRows: status["quarantinedRows"]?.integerValue,
            stateBytes: status["stateBytes"]?.integerValue)
    }
}
