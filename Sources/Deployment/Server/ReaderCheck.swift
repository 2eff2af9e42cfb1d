import CommitLog
import Dataflow
import Operators

// Other deployed jobs read what a job publishes, by name. A column that they declare is one that their workers look for when
// they start: without it they would run on, and fail at their next start.

/// What a version of another job would look for in vain.
private struct MissingColumns {
    var reader: VersionID
    var output: String
    /// nil: the whole output.
    var columns: [String]?

    var text: String {
        guard let columns else { return "\(reader) reads output \"\(output)\"" }
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        return "\(reader) reads \(columns.count == 1 ? "column" : "columns") \(names) of output \"\(output)\""
    }
}

extension DeploymentServer {
    /// - Errors: `conflict` where the version to become live lacks what a version of another job reads, which has not ended.
    func checkReaders(
        of job: String, _ deployment: DeploymentState, _ to: UInt32, in state: JournalState
    ) throws(OperationFailure) {
        var missing: [MissingColumns] = []
        for output in deployment.versions[deployment.live]?.outputs ?? [] {
            let own = deployment.versions[to]?.outputs.first { $0.nameID == output.nameID }
            let schema = try own.flatMap { state.topics[$0.topic] }.map { (topic) throws(OperationFailure) in
                try OperationFailure.onJob { () throws(JobFailure) in try Topic(topic).schema }
            }
            for (reader, columns) in try readers(of: output, besides: job, in: state) {
                guard let schema else {
                    missing.append(MissingColumns(reader: reader, output: output.name, columns: nil))
                    continue
                }
                let lacking = columns.filter { schema.field($0) == nil }
                guard !lacking.isEmpty else { continue }
                missing.append(MissingColumns(reader: reader, output: output.name, columns: lacking))
            }
        }
        guard let first = missing.first else { return }
        throw OperationFailure(
            .conflict, "\(first.text), which version \(to) of job \"\(job)\" does not have",
            detail: missing.count == 1 ? nil : "and " + missing.dropFirst().map(\.text).joined(separator: "; "),
            hint: "deploy a version of job \"\(first.reader.job)\" that does without; --force makes version \(to) live "
                + "all the same, and \(first.reader) does not start again")
    }

    /// Versions that have not ended, each with the columns that its tables declare of the output.
    private func readers(
        of output: DeploymentState.Version.Output, besides job: String, in state: JournalState
    ) throws(OperationFailure) -> [(VersionID, [String])] {
        var readers: [(VersionID, [String])] = []
        for summary in ledger.all where summary.id.job != job && !summary.state.isEnd {
            let version = state.deployments[summary.id.job]?.versions[UInt32(summary.id.number)]
            guard let version, !version.isRetired, version.inputs.contains(output.nameID) else { continue }
            let record = try record(of: summary.id)
            do throws(OperationFailure) {
                let text = try JobText(record.id.job, sql: record.sql, file: record.fileName, settings: record.settings)
                var columns: [String] = []
                for table in text.deployable.sources {
                    let topic = try OperationFailure.onJob { () throws(JobFailure) in
                        try Topic.toRead(table.topic, in: state).id
                    }
                    guard topic == output.nameID else { continue }
                    columns += table.fields.map(\.name).filter { !columns.contains($0) }
                }
                readers.append((summary.id, columns))
            } catch {
                // What it reads cannot be told, and it does not start again as it is.
                events.warning(
                    "what a version reads", [("version", .string("\(summary.id)")), ("error", .string(error.message))])
            }
        }
        return readers
    }
}
