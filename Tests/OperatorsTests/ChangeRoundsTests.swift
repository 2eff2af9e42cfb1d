import Operators
import Testing

@Suite struct ChangeRoundsTests {
    @Test func aRoundIsMaterialisedWithTheCheckpointThatHasIt() {
        var rounds = ChangeRounds()
        #expect(rounds.current == 1)
        rounds.next()
        rounds.endEpoch(7)
        #expect(rounds.current == 3 && rounds.firstOfEpoch == 3)
        rounds.endEpoch(8)
        rounds.advance(materialised: 6)
        #expect(rounds.materialised == 0)
        rounds.advance(materialised: 7)
        #expect(rounds.materialised == 2)
        rounds.advance(materialised: 100)
        #expect(rounds.materialised == 3 && rounds.current == 4)
    }

    @Test func whatWasRestoredCountsAsOfTheNextCheckpoint() {
        var rounds = ChangeRounds()
        rounds.endRestore()
        #expect(rounds.current == 2 && rounds.firstOfEpoch == 2)
        rounds.advance(materialised: 41)
        #expect(rounds.materialised == 0)
        rounds.endEpoch(42)
        rounds.advance(materialised: 42)
        #expect(rounds.materialised == 2)
    }

    @Test func manyCheckpointsCountAsLaterOnes() {
        var rounds = ChangeRounds()
        for number in 1...10_000 as ClosedRange<UInt64> { rounds.endEpoch(number) }
        rounds.advance(materialised: 5000)
        #expect(rounds.materialised <= 5000 && rounds.materialised > 4000)
        rounds.advance(materialised: 9999)
        #expect(rounds.materialised <= 9999)
        rounds.advance(materialised: 10_000)
        #expect(rounds.materialised == 10_000)
    }

    @Test func roundsAreNumberedAnewBeforeTheyRunOut() {
        var rounds = ChangeRounds(first: 1000)
        rounds.endEpoch(1)
        rounds.endEpoch(2)
        rounds.advance(materialised: 1)
        var last: [UInt32] = [ChangeRounds.unchanged, 3, 1000, 1001, 1002, ChangeRounds.forgotten]
        rounds.renumber(&last, before: 2000)
        #expect(last[2] == 1000, "there is time")
        rounds.renumber(&last, before: 500)
        #expect(last == [0, 0, 1, 2, 3, ChangeRounds.forgotten])
        #expect(rounds.materialised == 1 && rounds.current == 3 && rounds.firstOfEpoch == 3)
        rounds.advance(materialised: 2)
        #expect(rounds.materialised == 2)
    }
}
