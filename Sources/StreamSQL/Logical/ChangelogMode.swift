import Columnar
import Operators

// What every operator sends, derived from its inputs upwards:
//
//     scan            of debezium-json and of keyed topics, all; else inserts
//     filter          what its input sends; of an update that loses its old or its new row, an insert or a delete
//     project, sink   what the input sends
//     union           what any input sends
//     aggregate       inserts and updates; over a changelog deletes too, of groups that lose their last row
//     windows         inserts, and take nothing else

/// What an operator sends: inserts alone, or also updates and deletes of rows it sent before.
package struct ChangelogMode: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// -U and +U.
    package static let updates = ChangelogMode(rawValue: 1)
    /// -D.
    package static let deletes = ChangelogMode(rawValue: 2)

    package static let appendOnly: ChangelogMode = []
    package static let all: ChangelogMode = [.updates, .deletes]

    /// As `explain` shows it.
    var text: String {
        if isEmpty { return "append-only" }
        return "updating: +I" + (contains(.updates) ? " -U +U" : "") + (contains(.deletes) ? " -D" : "")
    }

    /// As Flink's messages name what an operator cannot take.
    fileprivate var changes: String {
        if self == .updates { return "update changes" }
        return self == .deletes ? "delete changes" : "update and delete changes"
    }
}

/// An operator that sends more than inserts, in Flink's words.
struct UpdatingNode {
    var mode: ChangelogMode
    var text: String

    /// `what` cannot take it.
    func refusal(by what: String) -> String {
        "\(what) doesn't support consuming \(mode.changes) which is produced by node \(text)"
    }
}

extension LogicalPlan {
    package var changelog: ChangelogMode {
        switch self {
        case .scan(let scan): scan.table.isChangelog ? .all : scan.table.connector.changelog
        case .filter(let filter):
            filter.input.changelog.isEmpty ? .appendOnly : filter.input.changelog.union(.deletes)
        case .aggregate(let aggregation): aggregation.retracts ? .all : .updates
        case .aggregateWindows: .appendOnly
        case .project, .windows, .unionAll, .sink: inputs.reduce([]) { $0.union($1.changelog) }
        }
    }

    /// The operator nearest to the root that makes this send updates; nil where it is append-only.
    var updatingNode: UpdatingNode? {
        switch self {
        case .aggregate(let aggregation): return UpdatingNode(mode: changelog, text: aggregation.nodeText)
        case .scan(let scan):
            return changelog.isEmpty ? nil : UpdatingNode(mode: changelog, text: scan.nodeText)
        default:
            for input in inputs {
                if let found = input.updatingNode { return found }
            }
            return nil
        }
    }
}

extension Connector {
    /// Of its rows as a source.
    fileprivate var changelog: ChangelogMode {
        guard case .filesystem(let files) = self, files.format.takesChanges else { return .appendOnly }
        return .all
    }
}

extension Aggregation {
    /// Its input is a changelog.
    var retracts: Bool { !input.changelog.isEmpty }

    /// As Flink's plans name it: `GroupAggregate(groupBy=[name], select=[name, COUNT(*) AS EXPR$1])`.
    fileprivate var nodeText: String {
        let groups = groupColumns.indices.map { names[$0] }
        let calls = names.dropFirst(groups.count)
        let groupBy = groups.isEmpty ? "" : "groupBy=[\(groups.joined(separator: ", "))], "
        return "GroupAggregate(\(groupBy)select=[\((groups + calls).joined(separator: ", "))])"
    }
}

extension Scan {
    /// As Flink's plans name it.
    fileprivate var nodeText: String {
        let fields = table.columns.map(\.name).joined(separator: ", ")
        return "TableSourceScan(table=[[default_catalog, default_database, \(table.name)]], fields=[\(fields)])"
    }
}
