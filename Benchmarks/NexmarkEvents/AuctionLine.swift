extension EventLine {
    /// `{"id":…,"itemName":…,"description":…,"initialBid":…,"reserve":…,"dateTime":…,"expires":…,"seller":…,"category":…,"extra":…}`
    @inline(__always)
    mutating func writeAuction(_ event: Int) {
        let nameBytes = 3 + random.below(17, event, 7)
        let descriptionBytes = 3 + random.below(97, event, 9)
        cursor.write("{\"id\":")
        cursor.write(newestAuction(event) + EventGenerator.firstID)
        cursor.write(",\"itemName\":\"")
        writeText(TextPool.offset(random, event, 6), nameBytes)
        cursor.write("\",\"description\":\"")
        writeText(TextPool.offset(random, event, 8), descriptionBytes)
        let initialBid = random.price(event, 3)
        cursor.write("\",\"initialBid\":")
        cursor.write(initialBid)
        cursor.write(",\"reserve\":")
        cursor.write(initialBid + random.price(event, 4))
        let begin = milliseconds(of: event)
        cursor.write(",\"dateTime\":\"")
        writeTime(begin)
        cursor.write("\",\"expires\":\"")
        writeLaterTime(begin + 1 + random.below(max(2 * horizonMilliseconds, 1), event, 5))
        cursor.write("\",\"seller\":")
        cursor.write(seller(event) + EventGenerator.firstID)
        cursor.write(",\"category\":")
        cursor.write(10 + random.below(5, event, 2))
        cursor.write(",\"extra\":\"")
        // The other fields of an auction are counted as 48 bytes beside its texts.
        let padding = random.paddingBytes(event, 11, current: 48 + nameBytes + descriptionBytes, desired: 500)
        writeText(TextPool.offset(random, event, 10), padding)
        cursor.write("\"}")
    }

    /// The newest auction at this event, counted from 0; -1 before the first.
    @inline(__always)
    func newestAuction(_ event: Int) -> Int {
        let epoch = event / EventGenerator.eventsPerEpoch
        return epoch * 3 + min(event % EventGenerator.eventsPerEpoch, 3) - 1
    }

    /// An auction lasts about as long as a hundred auctions take to be opened.
    private var horizonMilliseconds: Int { 100 * EventGenerator.eventsPerEpoch / 3 * 1000 / rate }

    private func seller(_ event: Int) -> Int {
        let isHot = random.below(4, event, 0) > 0
        return isHot ? newestPerson(event) / 100 * 100 : somePerson(event, 1)
    }
}
