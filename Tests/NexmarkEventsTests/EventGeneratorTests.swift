import HostSystem
import NexmarkEvents
import Testing

/// The checksums were taken from an independent generator's files. They are the definition of the data set: expected
/// answers elsewhere hold for these bytes only.
@Suite struct EventGeneratorTests {
    @Test(arguments: [(10_000, 0xc591_8fd9 as UInt32), (500, 0xc010_e366)])
    func theFirstTenThousandEventsAreTheAgreedBytes(rate: Int, checksum: UInt32) {
        let bytes = lines(0..<10_000, EventGenerator(rate: rate))
        #expect(bytes.count == 3_071_845)
        #expect(Checksum.crc32c(bytes) == checksum)
    }

    @Test func bidsAloneAreTheAgreedBytes() {
        let bytes = lines(0..<10_000, EventGenerator(), .bid)
        #expect(bytes.count == 2_387_954)
        #expect(Checksum.crc32c(bytes) == 0x6cbe_13be)
    }

    @Test func anEventDoesNotDependOnWhereItsBlockBegins() {
        let generator = EventGenerator(seed: 7, rate: 123)
        let whole = lines(0..<500, generator)
        let pieces = [0..<1, 1..<51, 51..<52, 52..<499, 499..<500].flatMap { lines($0, generator) }
        #expect(whole == pieces)
    }

    @Test func aSeedMakesAnotherStream() {
        #expect(lines(0..<50, EventGenerator(seed: 1)) != lines(0..<50, EventGenerator(seed: 2)))
    }

    @Test func datesTurnWithTheDayTheYearAndTheLeapYear() {
        // One event per second: event 86400 is a day later. 2028 is a leap year: 29 February is day 789 of the stream.
        let generator = EventGenerator(rate: 1)
        func date(_ day: Int) -> String {
            let line = String(decoding: lines(day * 86_400 + 5..<day * 86_400 + 6, generator), as: UTF8.self)
            guard let range = line.firstRange(of: "\"dateTime\":\"") else { return line }
            return String(line[range.upperBound...].prefix(23))
        }
        #expect(date(0) == "2026-01-01 00:00:05.000")
        #expect(date(31) == "2026-02-01 00:00:05.000")
        #expect(date(365) == "2027-01-01 00:00:05.000")
        #expect(date(789) == "2028-02-29 00:00:05.000")
        #expect(date(790) == "2028-03-01 00:00:05.000")
    }

    @Test func whatCannotBeWrittenIsKnownBefore() {
        #expect(EventGenerator.canWrite(0..<2_000_000, rate: 10_000))
        #expect(!EventGenerator.canWrite(-1..<0, rate: 10_000))
        #expect(!EventGenerator.canWrite(0..<EventGenerator.lastEvent + 1, rate: 10_000))
        #expect(!EventGenerator.canWrite(0..<EventGenerator.lastEvent, rate: 1))
    }

    private func lines(_ events: Range<Int>, _ generator: EventGenerator, _ kind: EventGenerator.Kind = .all) -> [UInt8]
    {
        var bytes: [UInt8] = []
        let buffer = LineBuffer(capacityBytes: 10 * EventGenerator.longestLineBytes)
        var next = events.lowerBound
        while next < events.upperBound {
            buffer.removeAll()
            next = generator.write(next..<events.upperBound, of: kind, to: buffer)
            bytes.append(contentsOf: buffer.bytes)
        }
        return bytes
    }
}
