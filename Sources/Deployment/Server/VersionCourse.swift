// When a version goes on to the next state by itself: plain values, so that every case can be tried. What commands and the
// journal do to it is not decided here.

package struct VersionCourse {
    package struct Facts: Sendable {
        /// Rows between it and the live version's last checkpoint.
        package var distanceRows: UInt64
        package var arrivalPerSecond: Double
        package var consumptionPerSecond: Double
        /// For so long it has been in its state and was watched.
        package var observedMilliseconds: Int64
        /// It has read all that it may.
        package var stands: Bool
        /// Since it came to its state.
        package var checkpoints: Int
        package var isPaused: Bool
        /// Why its worker is not started again.
        package var workerFailure: String?
        package var isRunning: Bool

        package init(
            distanceRows: UInt64, arrivalPerSecond: Double, consumptionPerSecond: Double, observedMilliseconds: Int64,
            stands: Bool, checkpoints: Int, isPaused: Bool, workerFailure: String?, isRunning: Bool
        ) {
            self.distanceRows = distanceRows
            self.arrivalPerSecond = arrivalPerSecond
            self.consumptionPerSecond = consumptionPerSecond
            self.observedMilliseconds = observedMilliseconds
            self.stands = stands
            self.checkpoints = checkpoints
            self.isPaused = isPaused
            self.workerFailure = workerFailure
            self.isRunning = isRunning
        }
    }

    /// Rates are judged after so long.
    package static let observationMilliseconds: Int64 = 30_000
    /// By so much it must be faster than what arrives.
    static let smallestSpeed = 1.2
    /// The window of CATCHING_UP, in multiples of the largest lag in sync.
    static let window = 10.0

    private let options: DeploymentOptions
    private let facts: Facts

    package init(options: DeploymentOptions, facts: Facts) {
        self.options = options
        self.facts = facts
    }

    /// What is to be done; nil: nothing changes.
    package func next(after state: VersionState) -> (state: VersionState, reason: String)? {
        switch state {
        case .replaying, .catchingUp, .inSync, .auditing, .ready, .stalled, .live, .guarded, .standby:
            if let failure = facts.workerFailure { return (.failed, failure) }
        case .planned, .cuttingOver, .retired, .aborted, .failed, .rolledBack: return nil
        }
        switch state {
        case .replaying:
            if isWithin(Self.window) { return (.catchingUp, "\(distance) behind the live version") }
            return stalled
        case .catchingUp:
            if isCaughtUp, facts.checkpoints > 0 || facts.stands {
                return (.inSync, facts.stands ? "has read all that the live version has" : "\(distance) behind")
            }
            return stalled
        case .inSync, .ready:
            guard !isWithin(Self.window), !facts.isPaused else { return nil }
            return (.catchingUp, "has fallen \(distance) behind the live version")
        case .stalled:
            guard isFastEnough || isCaughtUp else { return nil }
            return (.replaying, "reads \(rate(facts.consumptionPerSecond)), \(rate(facts.arrivalPerSecond)) arrive")
        default: return nil
        }
    }

    private var isFastEnough: Bool {
        facts.consumptionPerSecond >= Self.smallestSpeed * facts.arrivalPerSecond
    }

    private var isCaughtUp: Bool { isWithin(1) }

    /// A distance of so many times the largest lag.
    private func isWithin(_ lags: Double) -> Bool {
        if facts.stands { return true }
        let seconds = lags * Double(options.maxLagMilliseconds) / 1000
        return Double(facts.distanceRows) <= facts.arrivalPerSecond * seconds
    }

    private var stalled: (VersionState, String)? {
        guard facts.observedMilliseconds >= Self.observationMilliseconds, facts.isRunning, !facts.isPaused,
            !isFastEnough, !isCaughtUp
        else { return nil }
        return (
            .stalled,
            "replays \(rate(facts.consumptionPerSecond)), arrives \(rate(facts.arrivalPerSecond)): never catches up"
        )
    }

    private var distance: String { "\(facts.distanceRows) rows" }

    private func rate(_ perSecond: Double) -> String {
        perSecond >= 10_000 ? "\(Int((perSecond / 1000).rounded())) k/s" : "\(Int(perSecond.rounded()))/s"
    }
}
