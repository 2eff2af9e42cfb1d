import Dataflow

/// The `restart-strategy.*` settings as they come, until the strategy they are of is known.
struct RestartOptions {
    private enum Kind {
        case none
        case fixedDelay
        case failureRate
        case exponentialDelay
    }

    private var kind = Kind.none
    private var fixedAttempts = 1
    private var fixedDelayMilliseconds: Int64 = 1000
    private var mostFailures = 1
    private var intervalMilliseconds: Int64 = 60_000
    private var rateDelayMilliseconds: Int64 = 1000
    private var exponential = ExponentialDelay()

    var strategy: RestartStrategy {
        switch kind {
        case .none: .none
        case .fixedDelay: .fixedDelay(attempts: fixedAttempts, delayMilliseconds: fixedDelayMilliseconds)
        case .failureRate:
            .failureRate(
                mostFailures: mostFailures, intervalMilliseconds: intervalMilliseconds,
                delayMilliseconds: rateDelayMilliseconds)
        case .exponentialDelay: .exponentialDelay(exponential)
        }
    }

    /// - Output: false for a key that nobody knows.
    mutating func apply(_ setting: Setting) throws(SQLError) -> Bool {
        switch setting.key {
        case "restart-strategy", "restart-strategy.type": kind = try kind(setting)
        case "restart-strategy.fixed-delay.attempts": fixedAttempts = try setting.integer(from: 0)
        case "restart-strategy.fixed-delay.delay": fixedDelayMilliseconds = try setting.milliseconds()
        case "restart-strategy.failure-rate.max-failures-per-interval": mostFailures = try setting.integer(from: 1)
        case "restart-strategy.failure-rate.failure-rate-interval": intervalMilliseconds = try setting.milliseconds()
        case "restart-strategy.failure-rate.delay": rateDelayMilliseconds = try setting.milliseconds()
        case "restart-strategy.exponential-delay.initial-backoff":
            exponential.initialMilliseconds = try setting.milliseconds()
        case "restart-strategy.exponential-delay.max-backoff":
            exponential.mostMilliseconds = try setting.milliseconds()
        case "restart-strategy.exponential-delay.backoff-multiplier":
            exponential.multiplier = try setting.number(in: 1...1_000_000)
        case "restart-strategy.exponential-delay.reset-backoff-threshold":
            exponential.resetMilliseconds = try setting.milliseconds()
        case "restart-strategy.exponential-delay.jitter-factor": exponential.jitter = try setting.number(in: 0...1)
        case "restart-strategy.exponential-delay.attempts-before-reset-backoff":
            exponential.attempts = try setting.integer(from: 0)
        default: return false
        }
        return true
    }

    private func kind(_ setting: Setting) throws(SQLError) -> Kind {
        switch setting.value.lowercased() {
        case "none", "disable", "off": .none
        case "fixed-delay", "fixeddelay": .fixedDelay
        case "failure-rate", "failurerate": .failureRate
        case "exponential-delay", "exponentialdelay": .exponentialDelay
        default:
            throw setting.malformed("it is 'none', 'fixed-delay', 'failure-rate' or 'exponential-delay'")
        }
    }

    /// - Errors: settings that do not go together.
    func check(_ setting: Setting?) throws(SQLError) {
        guard let setting, exponential.mostMilliseconds < exponential.initialMilliseconds else { return }
        throw setting.malformed("the greatest delay is not below the first one")
    }
}
