import Dataflow
import HostSystem
import Synchronization
import Testing

private final class SeededRandom: RandomSource {
    private let generator = Mutex(SplitMix64(seed: 7))
    func next() -> UInt64 { generator.withLock { $0.next() } }
}

@Suite struct RestartBackoffTests {
    private func delays(_ strategy: RestartStrategy, at times: [Int64]) -> [Int64?] {
        var backoff = RestartBackoff(strategy)
        return times.map { backoff.failed(nowMilliseconds: $0, random: SeededRandom()) }
    }

    @Test func noneGivesUpAtOnce() { #expect(delays(.none, at: [5]) == [nil]) }

    @Test func aFixedDelayEndsWithItsAttempts() {
        #expect(delays(.fixedDelay(attempts: 2, delayMilliseconds: 30), at: [0, 100, 200]) == [30, 30, nil])
    }

    @Test func aFailureRateCountsWithinItsInterval() {
        let strategy = RestartStrategy.failureRate(mostFailures: 2, intervalMilliseconds: 100, delayMilliseconds: 10)
        #expect(delays(strategy, at: [0, 90, 150, 160, 170]) == [10, 10, 10, nil, nil])
    }

    @Test func anExponentialDelayGrowsToItsLimitAndBeginsAnew() {
        var options = ExponentialDelay()
        options.initialMilliseconds = 100
        options.mostMilliseconds = 350
        options.multiplier = 2
        options.jitter = 0
        options.resetMilliseconds = 10_000
        options.attempts = 4
        let times: [Int64] = [0, 200, 600, 1_000, 20_000, 20_200]
        #expect(delays(.exponentialDelay(options), at: times) == [100, 200, 350, 350, 100, 200])
        #expect(delays(.exponentialDelay(options), at: [0, 1, 2, 3, 4]).last == .some(nil))
    }

    @Test func jitterStaysWithinItsPart() {
        var options = ExponentialDelay()
        options.jitter = 0.5
        for seed in 0..<50 {
            let delay = delays(.exponentialDelay(options), at: [Int64(seed)])[0]
            #expect(delay.map { (500...1500).contains($0) } == true)
        }
    }
}
