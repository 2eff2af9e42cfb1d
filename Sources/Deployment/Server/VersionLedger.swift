import HostSystem
import Synchronization

/// The catalog's states of all versions, in memory too. The server alone writes them.
final class VersionLedger: Sendable {
    let catalog: Catalog
    private let time: any TimeSource
    private let known: Mutex<[VersionID: VersionSummary]>
    private let records = Mutex<[VersionID: VersionRecord]>([:])

    init(_ catalog: Catalog, time: any TimeSource) throws(CatalogError) {
        self.catalog = catalog
        self.time = time
        let summaries = try catalog.summaries()
        known = Mutex(Dictionary(uniqueKeysWithValues: summaries.map { ($0.id, $0) }))
    }

    subscript(id: VersionID) -> VersionSummary? { known.withLock { $0[id] } }

    var all: [VersionSummary] { known.withLock { $0.values.sorted { $0.id < $1.id } } }

    func versions(of job: String) -> [VersionSummary] { all.filter { $0.id.job == job } }

    var jobs: [String] {
        var names: [String] = []
        for summary in all where names.last != summary.id.job { names.append(summary.id.job) }
        return names
    }

    /// Read once: it never changes.
    func record(of id: VersionID) throws(CatalogError) -> VersionRecord? {
        if let record = records.withLock({ $0[id] }) { return record }
        let record = try catalog.version(id)
        if let record { records.withLock { $0[id] = record } }
        return record
    }

    func add(
        _ record: VersionRecord, wanted: WantedState, reason: String, by author: Transition.Author
    ) throws(CatalogError) {
        try locked { (known) throws(CatalogError) in
            try catalog.add(record, wanted: wanted, reason: reason, by: author)
            known[record.id] = VersionSummary(
                id: record.id, createdAt: record.createdAt, state: .planned, wanted: wanted, since: record.createdAt,
                reason: reason)
        }
    }

    /// - Parameters:
    ///   - from: only out of one of these states; nil: out of any that may lead there.
    ///   - wanted: nil: as before.
    /// - Returns: false: the version is in another state meanwhile, or there already.
    @discardableResult
    func move(
        _ id: VersionID, from: Set<VersionState>? = nil, to state: VersionState, _ reason: String,
        by author: Transition.Author, position: UInt64? = nil, wanted: WantedState? = nil
    ) throws(CatalogError) -> Bool {
        try locked { (known) throws(CatalogError) in
            guard let summary = known[id], summary.state != state, from?.contains(summary.state) ?? true else {
                return false
            }
            if author != .journal, !state.mayFollow(summary.state) { return false }
            let now = time.wallMilliseconds()
            try catalog.record(
                [
                    Transition(
                        id, at: now, from: summary.state, to: state, reason: reason, by: author,
                        journalPosition: position)
                ], wanted: wanted.map { [id: $0] } ?? [:])
            known[id]?.state = state
            known[id]?.since = now
            known[id]?.reason = reason
            if let wanted { known[id]?.wanted = wanted }
            return true
        }
    }

    func setWanted(_ wanted: WantedState, of id: VersionID) throws(CatalogError) {
        try locked { (known) throws(CatalogError) in
            guard known[id]?.wanted != wanted else { return }
            try catalog.setWanted(wanted, of: id, at: time.wallMilliseconds())
            known[id]?.wanted = wanted
        }
    }

    /// Typed errors do not pass through `Mutex.withLock` of a copyable result.
    private func locked<Value>(
        _ body: (inout [VersionID: VersionSummary]) throws(CatalogError) -> Value
    ) throws(CatalogError) -> Value {
        try known.withLock { (known) -> Result<Value, CatalogError> in
            do throws(CatalogError) { return .success(try body(&known)) } catch { return .failure(error) }
        }.get()
    }
}
