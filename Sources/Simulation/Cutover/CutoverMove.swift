/// A step of the exploration, as a trace shows it.
package enum CutoverMove: Equatable, Sendable, CustomStringConvertible {
    package enum Work: UInt8, Sendable {
        case beginsEpoch, ends, isRefused, stands, timeOut, releases, releaseRefused, learns, restarts, dies,
            diesForGood
    }

    package enum Coordination: UInt8, Sendable {
        case plans, plansWithoutFrom, begins, beginRefused, measures, splices, spliceRefused, givesUp, releases
        case releaseRefused, seesItDecided, dies, comesBack
    }

    case rowArrives(isOwn: Bool)
    case worker(version: UInt8, Work, shared: UInt8, own: UInt8, stands: Bool)
    case coordinator(UInt8, Coordination)
    case retires(version: UInt8)
    case deploysThird

    /// Nothing that anybody may wait for.
    var isFault: Bool {
        switch self {
        case .worker(_, .dies, _, _, _), .worker(_, .diesForGood, _, _, _): true
        case .coordinator(_, .dies), .coordinator(_, .comesBack): true
        case .retires, .deploysThird: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .rowArrives(let isOwn): "a row arrives\(isOwn ? " in the topic that one version reads" : "")"
        case .worker(let version, let work, let shared, let own, let stands):
            "version \(version): \(work)"
                + (work == .beginsEpoch || work == .ends || work == .isRefused ? ", reads to \(shared)/\(own)" : "")
                + (stands ? ", to stand still" : "")
        case .coordinator(let number, let step): "coordinator \(number): \(step)"
        case .retires(let version): "version \(version) is retired"
        case .deploysThird: "version 3 is deployed"
        }
    }
}
