import Deployment
import Testing

@Suite struct ReplayPaceTests {
    private static let second: Int64 = 1_000_000_000

    private func pace(_ samples: [(at: Double, read: UInt64, there: UInt64)]) -> Double? {
        var pace = ReplayPace()
        for sample in samples {
            pace.sample(nanoseconds: Int64(sample.at * Double(Self.second)), read: sample.read, there: sample.there)
        }
        return pace.rowsPerSecond
    }

    @Test func aReplayIsMeasured() {
        #expect(pace([(0, 0, 1000)]) == nil)
        #expect(pace([(0, 0, 1000), (1, 100, 1000)]) == nil)
        #expect(pace([(0, 0, 1000), (1, 100, 1000), (2, 200, 1000)]) == 100)
        // Over all of it: checkpoints come in steps.
        #expect(pace([(0, 0, 1000), (2, 0, 1000), (3, 300, 1000), (4, 300, 1000)]) == 75)
    }

    @Test func whatFollowsItsInputIsNot() {
        func following(_ behind: UInt64) -> [(at: Double, read: UInt64, there: UInt64)] {
            (0...20).map { (at: Double($0), read: 50 * UInt64($0), there: 50 * (UInt64($0) + behind)) }
        }
        #expect(pace(following(0)) == nil)
        // A checkpoint behind: what is there is what it will read next.
        #expect(pace(following(1)) == nil)
    }

    @Test func theNewestReplayCounts() {
        #expect(
            pace([(0, 0, 900), (3, 300, 900), (6, 900, 900), (7, 900, 5000), (10, 1500, 5000), (11, 5000, 5000)]) == 200
        )
    }

    @Test func aVersionThatBeganAnewIsMeasuredAnew() {
        #expect(pace([(0, 500, 1000), (1, 0, 1000), (2, 50, 1000), (3, 100, 1000)]) == 50)
        #expect(pace([(0, .max, 0), (3, .max, .max), (6, 0, .max)]) == nil)
    }
}
