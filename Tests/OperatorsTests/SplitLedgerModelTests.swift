import HostSystem
import Operators
import Testing

// Readers in a random order over random inputs, stopped at random places and started again, maybe more or fewer of them.
// Every record must be given once, with the own watermark that a single reader of its input finds, and never lie behind
// a watermark that was seen before it.

@Suite struct SplitLedgerModelTests {
    @Test(arguments: 0..<300) func anyScheduleGivesTheSame(number: Int) throws {
        var model = LedgerModel(seed: UInt64(number))
        try model.run()
    }
}

private struct LedgerModel {
    private enum Reader {
        case free
        case held(Split, end: Int64)
    }

    private struct Row: Hashable {
        var input: Int
        var record: Int
    }

    private let seed: UInt64
    private var random: SplitMix64
    /// For each input the watermark value of each record; a record is one unit.
    private var values: [[Int64]]
    private var ledger: SplitLedger
    private var policy: SplitLedger.Policy
    private var readers: [Reader] = []
    private var given: [Row: Int64] = [:]
    private var givenEnds: [Int: Int64] = [:]

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        values = []
        for _ in 0...random.below(5) {
            var input: [Int64] = []
            var time = Int64(random.below(100))
            for _ in 0..<random.below(60) {
                time += Int64(random.below(12)) - 4
                input.append(time)
            }
            values.append(input)
        }
        policy = SplitLedger.Policy(pieceLength: Int64(1 + random.below(12)), hasWatermark: !random.oneIn(4))
        policy.isSequential = random.oneIn(4)
        policy.countsReadInputs = random.oneIn(3)
        ledger = SplitLedger(policy)
        for input in values { ledger.add(SplitProgress(length: Int64(input.count))) }
        readers = Array(repeating: .free, count: 1 + random.below(4))
    }

    mutating func run() throws {
        var idleSteps = 0
        while !ledger.isRead {
            if random.oneIn(60) { try restart() }
            let hasMoved = step(random.below(readers.count))
            idleSteps = hasMoved ? 0 : idleSteps + 1
            try #require(idleSteps < 2000, "all readers wait, seed \(seed)")
        }
        try check()
    }

    private mutating func restart() throws {
        var writer = ByteWriter()
        for input in ledger.inputs { input.encode(into: &writer) }
        var reader = ByteReader(writer.bytes)
        ledger = SplitLedger(policy)
        for _ in values { ledger.add(try SplitProgress(decoding: &reader)) }
        #expect(reader.isAtEnd)
        _ = ledger.advance()
        readers = Array(repeating: .free, count: 1 + random.below(4))
        givenEnds = [:]
    }

    /// False where the reader can do nothing.
    private mutating func step(_ index: Int) -> Bool {
        switch readers[index] {
        case .free:
            guard let split = ledger.take() else { return false }
            let range = split.range
            // Now and then not all of it is parsed.
            let end = random.oneIn(5) ? range.lowerBound + 1 + Int64(random.below(range.count)) : range.upperBound
            ledger.parsed(split, end: end, sum(split.input, range.lowerBound..<end))
            readers[index] = .held(split, end: end)
        case .held(let split, let end):
            guard let carry = ledger.carry(of: split) else { return false }
            let begin = givenEnds[split.id] ?? split.range.lowerBound
            let next = begin + 1 + Int64(random.below(Int(end - begin)))
            give(split, begin..<next, carry)
            givenEnds[split.id] = next
            if next == end { readers[index] = .free }
        }
        return true
    }

    private mutating func give(_ split: Split, _ range: Range<Int64>, _ carry: SplitSum) {
        var reached = carry
        reached.add(sum(split.input, split.range.lowerBound..<range.lowerBound))
        #expect(reached.records == range.lowerBound, "the records before, seed \(seed)")
        for record in range {
            let row = Row(input: split.input, record: Int(record))
            #expect(given[row] == nil, "given twice: \(row), seed \(seed)")
            #expect(reached.greatest >= ledger.watermark, "behind the watermark: \(row), seed \(seed)")
            given[row] = reached.greatest
            reached.greatest = max(reached.greatest, values[split.input][Int(record)])
        }
        let before = ledger.watermark
        _ = ledger.give(split, upTo: range.upperBound, sum(split.input, range))
        #expect(ledger.watermark >= before)
    }

    private func sum(_ input: Int, _ range: Range<Int64>) -> SplitSum {
        let part = values[input][Int(range.lowerBound)..<Int(range.upperBound)]
        return SplitSum(records: Int64(part.count), greatest: part.max() ?? .min)
    }

    private mutating func check() throws {
        for (input, values) in values.enumerated() {
            var greatest = Int64.min
            for (record, value) in values.enumerated() {
                let own = given[Row(input: input, record: record)]
                #expect(own == greatest, "record \(record) of input \(input), seed \(seed)")
                greatest = max(greatest, value)
            }
        }
        _ = ledger.advance()
        guard policy.hasWatermark else { return }
        let ends = values.map { $0.max() ?? .min }
        let expected = policy.countsReadInputs ? ends.min() : ends.max()
        #expect(ledger.watermark == expected, "where all is read, seed \(seed)")
    }
}
