import Dataflow
import Testing

@Suite struct WatermarkMergerTests {
    @Test func theLeastInputDecides() {
        var merger = WatermarkMerger(inputCount: 2)
        #expect(merger.merge(.active(10), from: 0) == nil)
        #expect(merger.merge(.active(5), from: 1) == .active(5))
        #expect(merger.merge(.active(20), from: 1) == .active(10))
        #expect(merger.merge(.active(30), from: 1) == nil)
    }

    @Test func anIdleInputIsLeftOutAndPullsNothingDownWhenItComesAgain() {
        var merger = WatermarkMerger(inputCount: 2)
        _ = merger.merge(.active(5), from: 0)
        #expect(merger.merge(.active(50), from: 1) == .active(5))
        #expect(merger.merge(.idle, from: 0) == .active(50))
        #expect(merger.merge(.active(6), from: 0) == nil)
        #expect(merger.merge(.active(60), from: 1) == nil)
        #expect(merger.merge(.active(55), from: 0) == .active(55))
    }

    @Test func allIdleIsIdleUntilOneComesAgain() {
        var merger = WatermarkMerger(inputCount: 2)
        _ = merger.merge(.active(5), from: 0)
        _ = merger.merge(.active(7), from: 1)
        #expect(merger.merge(.idle, from: 0) == .active(7))
        #expect(merger.merge(.idle, from: 1) == .idle)
        #expect(merger.merge(.idle, from: 1) == nil)
        #expect(merger.merge(.active(3), from: 0) == .active(7))
        #expect(merger.merge(.active(9), from: 0) == .active(9))
    }
}
