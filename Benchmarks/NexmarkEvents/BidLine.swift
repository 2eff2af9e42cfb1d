extension EventLine {
    /// `{"auction":…,"bidder":…,"price":…,"channel":…,"url":…,"dateTime":…,"extra":…}`
    @inline(__always)
    mutating func writeBid(_ event: Int) {
        cursor.write("{\"auction\":")
        cursor.write(auction(event) + EventGenerator.firstID)
        cursor.write(",\"bidder\":")
        cursor.write(bidder(event) + EventGenerator.firstID)
        cursor.write(",\"price\":")
        cursor.write(random.price(event, 4))
        if random.below(2, event, 5) > 0 {
            writeKnownChannel(random.below(4, event, 6))
        } else {
            writeNumberedChannel(random.below(10_000, event, 7), TextPool.offset(random, event, 8))
        }
        cursor.write("\",\"dateTime\":\"")
        writeTime(milliseconds(of: event))
        cursor.write("\",\"extra\":\"")
        // The other fields of a bid are counted as 32 bytes.
        writeText(
            TextPool.offset(random, event, 9), random.paddingBytes(event, 10, current: 32, desired: 100))
        cursor.write("\"}")
    }

    @inline(__always)
    private func auction(_ event: Int) -> Int {
        let newest = newestAuction(event)
        if random.below(2, event, 0) > 0 { return newest / 100 * 100 }
        let oldest = max(newest - 100, 0)
        return oldest + random.below(newest - oldest + 1 + 10, event, 1)
    }

    @inline(__always)
    private func bidder(_ event: Int) -> Int {
        let isHot = random.below(4, event, 2) > 0
        return isHot ? newestPerson(event) / 100 * 100 + 1 : somePerson(event, 3)
    }

    @inline(__always)
    private mutating func writeKnownChannel(_ index: Int) {
        switch index {
        case 0: cursor.write(",\"channel\":\"Google\",\"url\":\"")
        case 1: cursor.write(",\"channel\":\"Facebook\",\"url\":\"")
        case 2: cursor.write(",\"channel\":\"Baidu\",\"url\":\"")
        default: cursor.write(",\"channel\":\"Apple\",\"url\":\"")
        }
        writeURL(1000 * (index + 1))
    }

    @inline(__always)
    private mutating func writeNumberedChannel(_ number: Int, _ offset: Int) {
        cursor.write(",\"channel\":\"channel-")
        cursor.write(number)
        cursor.write("\",\"url\":\"")
        writeURL(offset)
        cursor.write("&channel_id=")
        cursor.write(number)
    }

    @inline(__always)
    private mutating func writeURL(_ offset: Int) {
        cursor.write("https://www.nexmark.test/")
        writeWord(offset, 5)
        cursor.write("/")
        writeWord(offset + 10, 5)
        cursor.write("/")
        writeWord(offset + 20, 5)
        cursor.write("/item.htm?query=1")
    }
}
