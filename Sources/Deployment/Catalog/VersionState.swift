// What a version of a job is in, and what may follow it. Plain values: whoever moves a version asks here first.
//
//     PLANNED ─► REPLAYING ─► CATCHING_UP ⇄ IN_SYNC ─► AUDITING ─► READY ─► CUTTING_OVER ─► GUARDED ─► LIVE
//                                              ▲          │          │           │                      │
//                                              └──────────┴──────────┴───────────┘                      ▼
//     ends: ABORTED, ROLLED_BACK, RETIRED              out of time: nothing has happened     STANDBY ─► RETIRED
//
// FAILED and STALLED are where somebody has to say how to go on. A standby takes part in a cutover as a candidate does: that
// is a rollback.

/// The state of one version. The raw values are what the catalog keeps and what users read.
package enum VersionState: String, CaseIterable, Sendable {
    case planned = "PLANNED"
    case replaying = "REPLAYING"
    case catchingUp = "CATCHING_UP"
    case inSync = "IN_SYNC"
    case auditing = "AUDITING"
    case ready = "READY"
    case cuttingOver = "CUTTING_OVER"
    case guarded = "GUARDED"
    case live = "LIVE"
    case standby = "STANDBY"
    case retired = "RETIRED"
    case aborted = "ABORTED"
    case failed = "FAILED"
    case stalled = "STALLED"
    case rolledBack = "ROLLED_BACK"

    /// The states that this one may lead to, by a command or by the server. What the journal says needs no leave.
    package var followers: Set<VersionState> {
        switch self {
        // The first version is live from the start; one that begins with what is new has nothing to replay.
        case .planned: [.replaying, .catchingUp, .live, .aborted, .failed]
        case .replaying: [.catchingUp, .stalled, .failed, .aborted]
        case .catchingUp: [.inSync, .replaying, .stalled, .failed, .aborted]
        case .inSync: [.auditing, .ready, .cuttingOver, .catchingUp, .failed, .aborted]
        case .auditing: [.ready, .inSync, .cuttingOver, .catchingUp, .failed, .aborted]
        case .ready: [.cuttingOver, .auditing, .inSync, .catchingUp, .failed, .aborted]
        case .cuttingOver: [.guarded, .live, .inSync, .ready, .standby, .failed, .aborted]
        case .guarded: [.live, .standby, .rolledBack, .failed]
        case .live: [.standby, .rolledBack, .failed, .retired]
        case .standby: [.cuttingOver, .retired, .failed]
        case .stalled: [.replaying, .catchingUp, .failed, .aborted]
        // Restarted, as what it was; replaced, where it was live; or given up.
        case .failed: [.replaying, .catchingUp, .live, .guarded, .standby, .rolledBack, .retired, .aborted]
        case .rolledBack: [.retired]
        case .retired, .aborted: []
        }
    }

    /// - Parameter previous: nil for a version that is new.
    package func mayFollow(_ previous: VersionState?) -> Bool {
        guard let previous else { return self == .planned }
        return previous.followers.contains(self)
    }

    /// Nothing follows, except that what is left of the version is removed.
    package var isEnd: Bool { followers.isSubset(of: [.retired]) }

    /// Its output is what the published names show.
    package var isPublished: Bool { self == .live || self == .guarded }
}
