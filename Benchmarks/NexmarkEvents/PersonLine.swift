extension EventLine {
    /// `{"id":…,"name":…,"emailAddress":…,"creditCard":…,"city":…,"state":…,"dateTime":…,"extra":…}`
    @inline(__always)
    mutating func writePerson(_ event: Int) {
        cursor.write("{\"id\":")
        cursor.write(newestPerson(event) + EventGenerator.firstID)
        cursor.write(",\"name\":\"")
        writeFirstName(random.below(11, event, 0))
        cursor.write(byte: 0x20)
        writeLastName(random.below(9, event, 1))
        cursor.write("\",\"emailAddress\":\"")
        writeWord(TextPool.offset(random, event, 4), random.below(5, event, 5) + 3)
        cursor.write("@")
        writeWord(TextPool.offset(random, event, 6), random.below(3, event, 7) + 3)
        cursor.write(".com\",\"creditCard\":\"")
        for group in 0..<4 as Range<UInt64> {
            if group > 0 { cursor.write(byte: 0x20) }
            cursor.write(random.below(10_000, event, 8 + group), digits: 4)
        }
        cursor.write("\",\"city\":\"")
        writeCity(random.below(10, event, 2))
        cursor.write("\",\"state\":\"")
        writeState(random.below(6, event, 3))
        cursor.write("\",\"dateTime\":\"")
        writeTime(milliseconds(of: event))
        cursor.write("\",\"extra\":\"")
        // The other fields of a person are counted as 62 bytes.
        let padding = random.paddingBytes(event, 13, current: 62, desired: 200)
        writeText(TextPool.offset(random, event, 12), padding)
        cursor.write("\"}")
    }

    private mutating func writeFirstName(_ index: Int) {
        switch index {
        case 0: cursor.write("Peter")
        case 1: cursor.write("Paul")
        case 2: cursor.write("Luke")
        case 3: cursor.write("John")
        case 4: cursor.write("Saul")
        case 5: cursor.write("Vicky")
        case 6: cursor.write("Kate")
        case 7: cursor.write("Julie")
        case 8: cursor.write("Sarah")
        case 9: cursor.write("Deiter")
        default: cursor.write("Walter")
        }
    }

    private mutating func writeLastName(_ index: Int) {
        switch index {
        case 0: cursor.write("Shultz")
        case 1: cursor.write("Abrams")
        case 2: cursor.write("Spencer")
        case 3: cursor.write("White")
        case 4: cursor.write("Bartels")
        case 5: cursor.write("Walton")
        case 6: cursor.write("Smith")
        case 7: cursor.write("Jones")
        default: cursor.write("Noris")
        }
    }

    private mutating func writeCity(_ index: Int) {
        switch index {
        case 0: cursor.write("Phoenix")
        case 1: cursor.write("Los Angeles")
        case 2: cursor.write("San Francisco")
        case 3: cursor.write("Boise")
        case 4: cursor.write("Portland")
        case 5: cursor.write("Bend")
        case 6: cursor.write("Redmond")
        case 7: cursor.write("Seattle")
        case 8: cursor.write("Kent")
        default: cursor.write("Cheyenne")
        }
    }

    private mutating func writeState(_ index: Int) {
        switch index {
        case 0: cursor.write("AZ")
        case 1: cursor.write("CA")
        case 2: cursor.write("ID")
        case 3: cursor.write("OR")
        case 4: cursor.write("WA")
        default: cursor.write("WY")
        }
    }
}
