import Operators

extension EventLine {
    /// `{"id":…,"itemName":…,"description":…,"initialBid":…,"reserve":…,"dateTime":…,"expires":…,"seller":…,"category":…,"extra":…}`
    mutating func writeAuction(_ event: NexmarkEvent) {
        cursor.write("{\"id\":")
        cursor.write(stream.auctionID(event))
        cursor.write(",\"itemName\":\"")
        texts.writeItemName(event, to: &cursor)
        cursor.write("\",\"description\":\"")
        texts.writeDescription(event, to: &cursor)
        cursor.write("\",\"initialBid\":")
        cursor.write(stream.initialBid(event))
        cursor.write(",\"reserve\":")
        cursor.write(stream.reserve(event))
        cursor.write(",\"dateTime\":\"")
        writeTime(stream.milliseconds(event))
        cursor.write("\",\"expires\":\"")
        writeLaterTime(stream.expires(event))
        cursor.write("\",\"seller\":")
        cursor.write(stream.seller(event))
        cursor.write(",\"category\":")
        cursor.write(stream.category(event))
        cursor.write(",\"extra\":\"")
        texts.writeAuctionExtra(event, to: &cursor)
        cursor.write("\"}")
    }
}
