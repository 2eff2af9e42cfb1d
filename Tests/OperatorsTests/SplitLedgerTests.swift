import HostSystem
import Operators
import Testing

@Suite struct SplitLedgerTests {
    private func ledger(_ lengths: [Int64], piece: Int64 = 10, _ change: (inout SplitLedger.Policy) -> Void = { _ in })
        -> SplitLedger
    {
        var policy = SplitLedger.Policy(pieceLength: piece, hasWatermark: true)
        change(&policy)
        var ledger = SplitLedger(policy)
        for length in lengths { ledger.add(SplitProgress(length: length)) }
        return ledger
    }

    // Not within an expectation: a macro cannot change what it looks at.
    private func take(_ ledger: inout SplitLedger) throws -> Split {
        let split = ledger.take()
        return try #require(split)
    }

    private func give(_ ledger: inout SplitLedger, _ split: Split, upTo end: Int64, _ sum: SplitSum) -> Bool {
        ledger.give(split, upTo: end, sum)
    }

    @Test func aSplitWaitsForWhatIsInFrontOfIt() throws {
        var ledger = ledger([25])
        let first = try take(&ledger)
        let second = try take(&ledger)
        #expect(first.range == 0..<10)
        #expect(second.range == 10..<20)
        #expect(first.carry == SplitSum())
        ledger.parsed(second, end: 20, SplitSum(records: 10, greatest: 7))
        #expect(ledger.carry(of: second) == nil)
        ledger.parsed(first, end: 10, SplitSum(records: 10, greatest: 5))
        #expect(ledger.carry(of: second) == SplitSum(records: 10, greatest: 5))
        // What is given behind a gap moves nothing.
        let news1 = give(&ledger, second, upTo: 20, SplitSum(records: 10, greatest: 7))
        #expect(!news1)
        #expect(ledger.watermark == .min)
        let news2 = give(&ledger, first, upTo: 4, SplitSum(records: 4, greatest: 3))
        #expect(news2)
        #expect(ledger.watermark == 3)
        let news3 = give(&ledger, first, upTo: 10, SplitSum(records: 6, greatest: 5))
        #expect(news3)
        #expect(ledger.watermark == 7)
        #expect(ledger.inputs[0].segments == [SplitSegment(0..<20, SplitSum(records: 20, greatest: 7))])
    }

    @Test func whatIsLeftOfASplitIsTakenNextAndHoldsNobodyUp() throws {
        var ledger = ledger([20, 20])
        let first = try take(&ledger)
        let other = try take(&ledger)
        #expect(other.input == 1)
        let second = try take(&ledger)
        #expect((second.input, second.range) == (0, 10..<20))
        ledger.parsed(second, end: 20, SplitSum(records: 1, greatest: 1))
        ledger.parsed(first, end: 6, SplitSum(records: 6, greatest: 9))
        let rest = try take(&ledger)
        #expect((rest.input, rest.range) == (0, 6..<10))
        #expect(ledger.carry(of: second) == nil)
        ledger.parsed(rest, end: 10, SplitSum(records: 4, greatest: 2))
        #expect(ledger.carry(of: second) == SplitSum(records: 10, greatest: 9))
    }

    @Test func theInputThatIsKnownLeastFarIsNext() throws {
        var ledger = ledger([20, 20, 20])
        for greatest: Int64 in [30, 10, 20] {
            let split = try take(&ledger)
            let sum = SplitSum(records: 10, greatest: greatest)
            ledger.parsed(split, end: split.range.upperBound, sum)
            _ = ledger.give(split, upTo: split.range.upperBound, sum)
        }
        #expect(ledger.watermark == 10)
        let next4 = ledger.take()
        #expect(next4?.input == 1)
    }

    @Test func aReadInputHoldsNothingBack() throws {
        var bounded = ledger([10, 20])
        var openEnded = ledger([10, 20]) { $0.countsReadInputs = true }
        for (greatest, input): (Int64, Int) in [(5, 0), (8, 1)] {
            let sum = SplitSum(records: 10, greatest: greatest)
            let split = try take(&bounded)
            #expect(split.input == input)
            bounded.parsed(split, end: 10, sum)
            _ = bounded.give(split, upTo: 10, sum)
            let same = try take(&openEnded)
            openEnded.parsed(same, end: 10, sum)
            _ = openEnded.give(same, upTo: 10, sum)
        }
        #expect(bounded.watermark == 8)
        #expect(openEnded.watermark == 5)
    }

    @Test func whatIsFoundLaterStartsAtTheWatermark() throws {
        var ledger = ledger([10]) { $0.raisesFloors = true }
        let split = try take(&ledger)
        ledger.parsed(split, end: 10, SplitSum(records: 10, greatest: 50))
        _ = ledger.give(split, upTo: 10, SplitSum(records: 10, greatest: 50))
        ledger.find(length: 10)
        let found = try take(&ledger)
        #expect(found.carry == SplitSum(records: 0, greatest: 50))
        ledger.parsed(found, end: 10, SplitSum(records: 10, greatest: 70))
        _ = ledger.give(found, upTo: 10, SplitSum(records: 10, greatest: 70))
        #expect(ledger.watermark == 70)
        ledger.extend(0, to: 12)
        let next5 = ledger.take()
        #expect(next5?.carry == SplitSum(records: 10, greatest: 70))
    }

    @Test func aRecordThatHasNotEndedWaitsForMore() throws {
        var ledger = ledger([15])
        let first = try take(&ledger)
        let second = try take(&ledger)
        ledger.parsed(first, end: 8, SplitSum(records: 2, greatest: 1), stalledAt: 15)
        ledger.parsed(second, end: 15, SplitSum())
        _ = ledger.give(first, upTo: 8, SplitSum(records: 2, greatest: 1))
        #expect(ledger.carry(of: second) == nil)
        let next6 = ledger.take()
        #expect(next6 == nil)
        ledger.extend(0, to: 30)
        let next7 = ledger.take()
        #expect(next7?.range == 8..<10)
        let next8 = ledger.take()
        #expect(next8?.range == 15..<25)
    }

    @Test func aSequentialInputHasOneReader() throws {
        var ledger = ledger([30]) { $0.isSequential = true }
        let first = try take(&ledger)
        let next9 = ledger.take()
        #expect(next9 == nil)
        // A record that goes beyond the split belongs to it.
        ledger.parsed(first, end: 17, SplitSum(records: 3, greatest: 1))
        _ = ledger.give(first, upTo: 17, SplitSum(records: 3, greatest: 1))
        let second = try take(&ledger)
        #expect(second.range == 17..<27)
        #expect(second.carry == SplitSum(records: 3, greatest: 1))
    }

    @Test func theFirstMistakeIsThatOfTheFirstSplit() throws {
        var ledger = ledger([30]) { $0.hasWatermark = false }
        let splits = [try take(&ledger), try take(&ledger), try take(&ledger)]
        #expect(ledger.isFirstUnparsed(splits[0]))
        #expect(!ledger.isFirstUnparsed(splits[1]))
        ledger.parsed(splits[0], end: 10, SplitSum(records: 1))
        #expect(ledger.isFirstUnparsed(splits[1]))
        #expect(!ledger.isFirstUnparsed(splits[2]))
    }

    @Test func aProgressThatIsNoneIsAnError() throws {
        let progress = SplitProgress(
            length: 1000, floor: 3,
            given: [SplitSegment(0..<10, SplitSum(records: 2, greatest: 9)), SplitSegment(20..<300, SplitSum())])
        var writer = ByteWriter()
        progress.encode(into: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try SplitProgress(decoding: &reader) == progress)
        for length in 0..<writer.bytes.count {
            var short = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: CorruptBytes.self) { try SplitProgress(decoding: &short) }
        }
    }
}
