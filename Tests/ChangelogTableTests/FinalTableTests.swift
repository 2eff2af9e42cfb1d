import ChangelogTable
import Testing

@Suite struct FinalTableTests {
    @Test func changesLeaveTheirTable() throws {
        var table = FinalTable()
        try table.apply(#"{"before":null,"after":{"k":"a","n":1},"op":"c"}"#)
        try table.apply(#"{"before":null,"after":{"k":"b","n":1},"op":"c"}"#)
        try table.apply(#"{"before":{"k":"a","n":1},"after":{"k":"a","n":2},"op":"u"}"#)
        try table.apply(#"{"before":{"k":"b","n":1},"after":null,"op":"d"}"#)
        try table.apply(#"{"before":null,"after":{"k":"b, {\"","n":null},"op":"c"}"#)
        #expect(try table.sortedRows() == ["a\t2", "b, {\\\"\tnull"])
        #expect(table.changes == 5)
    }

    @Test func plainObjectsAreInserts() throws {
        var table = FinalTable()
        for _ in 0..<2 { try table.apply(#"{"op":"c","n":1}"#) }
        #expect(table.rowCount == 2)
        #expect(try table.sortedRows() == ["c\t1", "c\t1"])
    }

    @Test func aRowThatIsNotThereCannotBeTakenBack() throws {
        var table = FinalTable()
        try table.apply(#"{"before":null,"after":{"n":1},"op":"c"}"#)
        #expect(throws: ChangelogMistake.rowNotThere(#"{"n":2}"#)) {
            try table.apply(#"{"before":{"n":2},"after":null,"op":"d"}"#)
        }
        try table.apply(#"{"before":{"n":1},"after":null,"op":"d"}"#)
        #expect(throws: ChangelogMistake.rowNotThere(#"{"n":1}"#)) {
            try table.apply(#"{"before":{"n":1},"after":{"n":3},"op":"u"}"#)
        }
    }

    @Test(arguments: [
        "", "{", "}", "[]", "{}x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":"x}"#, #"{"a":"\"}"#, #"{"a":{}"#,
        #"{"a":]}"#,
    ])
    func aLineThatIsNotOneObjectIsAMistake(line: String) {
        var table = FinalTable()
        #expect(throws: ChangelogMistake.notAnObject) { try table.apply(line) }
    }

    @Test(arguments: [
        #"{"before":null,"after":null,"op":"c"}"#, #"{"before":null,"after":{"n":1},"op":"u"}"#,
        #"{"before":{"n":1},"after":{"n":1},"op":"d"}"#, #"{"before":null,"after":{"n":1},"op":"x"}"#,
    ])
    func anUnknownChangeIsAMistake(line: String) {
        var table = FinalTable()
        #expect(throws: ChangelogMistake.notAChange) { try table.apply(line) }
    }

    /// The sums were worked out with another MD5: of "a", of "1⇥2026-01-01 00:00:00.500", and of the first twice.
    @Test func theChecksumIsOfTheTextOfRowsInAnyOrder() throws {
        var table = FinalTable()
        try table.apply(#"{"t":"a"}"#)
        #expect(try table.checksum() == 0x0cc1_75b9_c0f1_b6a8)
        try table.apply(#"{"n":1,"t":"2026-01-01 00:00:00.5"}"#)
        try table.apply(#"{"t":"a"}"#)
        #expect(try table.checksum() == 0xcf38_754d_8d20_af29)
    }
}

extension FinalTable {
    fileprivate mutating func apply(_ line: String) throws(ChangelogMistake) { try apply(Array(line.utf8)[...]) }
}
