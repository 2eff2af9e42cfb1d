import Operators

extension EventLine {
    /// `{"id":…,"name":…,"emailAddress":…,"creditCard":…,"city":…,"state":…,"dateTime":…,"extra":…}`
    mutating func writePerson(_ event: NexmarkEvent) {
        cursor.write("{\"id\":")
        cursor.write(stream.personID(event))
        cursor.write(",\"name\":\"")
        texts.writeName(event, to: &cursor)
        cursor.write("\",\"emailAddress\":\"")
        texts.writeEmailAddress(event, to: &cursor)
        cursor.write("\",\"creditCard\":\"")
        texts.writeCreditCard(event, to: &cursor)
        cursor.write("\",\"city\":\"")
        texts.writeCity(event, to: &cursor)
        cursor.write("\",\"state\":\"")
        texts.writeState(event, to: &cursor)
        cursor.write("\",\"dateTime\":\"")
        writeTime(stream.milliseconds(event))
        cursor.write("\",\"extra\":\"")
        texts.writePersonExtra(event, to: &cursor)
        cursor.write("\"}")
    }
}
