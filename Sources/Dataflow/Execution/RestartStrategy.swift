// What a run does when the world fails it (a disk, a network), by Flink's names and defaults. A mistake in the data or the job
// is not tried again.

package enum RestartStrategy: Hashable, Sendable {
    case none
    /// So many restarts in all, each after the delay.
    case fixedDelay(attempts: Int, delayMilliseconds: Int64)
    /// Until there were more failures than this within the interval.
    case failureRate(mostFailures: Int, intervalMilliseconds: Int64, delayMilliseconds: Int64)
    case exponentialDelay(ExponentialDelay)
}

/// Each delay is the last one times the multiplier, give or take the jitter; after a time without failures it begins anew.
package struct ExponentialDelay: Hashable, Sendable {
    package var initialMilliseconds: Int64 = 1000
    package var mostMilliseconds: Int64 = 60_000
    package var multiplier = 1.5
    package var resetMilliseconds: Int64 = 3_600_000
    /// A part of the delay, 0 to 1.
    package var jitter = 0.1
    /// Restarts before the job fails, counted anew after a time without failures.
    package var attempts = Int(Int32.max)

    package init() {}
}
