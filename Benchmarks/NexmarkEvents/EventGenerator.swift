import Operators

// Events of the Nexmark stream as JSON lines, for tests, benchmarks and demonstrations: the values are `NexmarkStream`'s, which
// the `nexmark` connector gives as columns.

package struct EventGenerator: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Every event, as `{"event_type":T,"<kind>":{…}}`: 0 person, 1 auction, 2 bid.
        case all
        /// Only these, each the plain object.
        case person, auction, bid
    }

    /// No line is longer: an auction with all its text (500 + 20 %) and fixed fields, rounded up.
    package static let longestLineBytes = 1200
    /// Event numbers end here.
    package static let lastEvent = NexmarkStream.lastEvent

    let stream: NexmarkStream

    /// `rate`: events per second of event time, at least 1; it spaces event time, and nothing waits for it.
    package init(seed: UInt64 = 42, rate: Int = 10_000) {
        precondition(rate >= 1, "a rate is at least one event per second")
        var options = NexmarkOptions()
        options.seed = seed
        options.eventsPerSecond = rate
        stream = NexmarkStream(options)
    }

    /// Whether all these events have numbers and times that can be written.
    package static func canWrite(_ events: Range<Int>, rate: Int) -> Bool {
        guard events.lowerBound >= 0, events.upperBound <= lastEvent else { return false }
        let (product, overflow) = events.upperBound.multipliedReportingOverflow(by: 1000)
        // An auction expires a little later than it begins: a day is more than enough at any rate but the slowest.
        return !overflow && product / rate <= EventTime.lastMillisecond - 86_400_000
    }

    /// Adds the lines of some events, in order. Returns the first that had no room, or the end of the range.
    package func write(_ events: Range<Int>, of kind: Kind, to buffer: LineBuffer) -> Int {
        let room = (buffer.capacityBytes - buffer.countBytes) / Self.longestLineBytes
        let end = min(events.upperBound, events.lowerBound + room)
        var line = EventLine(stream: stream, cursor: buffer.cursor)
        for event in events.lowerBound..<end { line.write(stream.event(event), kind) }
        buffer.finish(at: line.cursor)
        return end
    }
}

/// Writes single events; holds what a block of them shares.
struct EventLine {
    let stream: NexmarkStream
    let texts: NexmarkTexts
    var cursor: NexmarkCursor
    private var time = EventTime()
    private var otherTime = EventTime()

    init(stream: NexmarkStream, cursor: NexmarkCursor) {
        self.stream = stream
        texts = stream.texts
        self.cursor = cursor
    }

    mutating func write(_ event: NexmarkEvent, _ kind: EventGenerator.Kind) {
        switch (stream.kind(event), kind) {
        case (.person, .all):
            cursor.write("{\"event_type\":0,\"person\":")
            writePerson(event)
            cursor.write("}\n")
        case (.auction, .all):
            cursor.write("{\"event_type\":1,\"auction\":")
            writeAuction(event)
            cursor.write("}\n")
        case (.bid, .all):
            cursor.write("{\"event_type\":2,\"bid\":")
            writeBid(event)
            cursor.write("}\n")
        case (.person, .person):
            writePerson(event)
            cursor.write("\n")
        case (.auction, .auction):
            writeAuction(event)
            cursor.write("\n")
        case (.bid, .bid):
            writeBid(event)
            cursor.write("\n")
        default:
            break
        }
    }

    mutating func writeTime(_ milliseconds: Int) { time.write(milliseconds, to: &cursor) }

    mutating func writeLaterTime(_ milliseconds: Int) { otherTime.write(milliseconds, to: &cursor) }
}
