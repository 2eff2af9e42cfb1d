import HostSystem

// Whether, and when, a run that the world has failed is tried again from its last checkpoint. A value: failures come in with
// their time, delays go out.

package struct RestartBackoff {
    private let strategy: RestartStrategy
    private var failures: [Int64] = []
    private var exponentialDelay: Int64 = 0
    private var lastRestart: Int64?

    package init(_ strategy: RestartStrategy) { self.strategy = strategy }

    /// How many times the run was begun again, since the count last began anew.
    package var restarts: Int { failures.count }

    /// The run has failed.
    /// - Parameter nowMilliseconds: of the monotonic clock.
    /// - Returns: milliseconds to wait before the next try; nil: it stays failed.
    package mutating func failed(nowMilliseconds now: Int64, random: any RandomSource) -> Int64? {
        switch strategy {
        case .none: return nil
        case .fixedDelay(let attempts, let delay):
            guard failures.count < attempts else { return nil }
            failures.append(now)
            return delay
        case .failureRate(let most, let interval, let delay):
            failures.removeAll { now - $0 > interval }
            failures.append(now)
            return failures.count > most ? nil : delay
        case .exponentialDelay(let options):
            if let lastRestart, now - lastRestart >= options.resetMilliseconds {
                failures = []
                exponentialDelay = 0
            }
            guard failures.count < options.attempts else { return nil }
            failures.append(now)
            let next =
                exponentialDelay == 0
                ? Double(options.initialMilliseconds) : Double(exponentialDelay) * options.multiplier
            exponentialDelay = Int64(min(next, Double(options.mostMilliseconds)))
            let spread = Double(exponentialDelay) * options.jitter * unit(random)
            let delay = max(0, exponentialDelay + Int64(spread))
            lastRestart = now + delay
            return delay
        }
    }

    /// -1 to 1.
    private func unit(_ random: any RandomSource) -> Double { Double(random.next() >> 11) * 0x1p-52 - 1 }
}
