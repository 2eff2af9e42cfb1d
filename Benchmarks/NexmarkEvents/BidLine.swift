import Operators

extension EventLine {
    /// `{"auction":…,"bidder":…,"price":…,"channel":…,"url":…,"dateTime":…,"extra":…}`
    mutating func writeBid(_ event: NexmarkEvent) {
        cursor.write("{\"auction\":")
        cursor.write(stream.auction(event))
        cursor.write(",\"bidder\":")
        cursor.write(stream.bidder(event))
        cursor.write(",\"price\":")
        cursor.write(stream.price(event))
        cursor.write(",\"channel\":\"")
        texts.writeChannel(event, to: &cursor)
        cursor.write("\",\"url\":\"")
        texts.writeURL(event, to: &cursor)
        cursor.write("\",\"dateTime\":\"")
        writeTime(stream.milliseconds(event))
        cursor.write("\",\"extra\":\"")
        texts.writeBidExtra(event, to: &cursor)
        cursor.write("\"}")
    }
}
