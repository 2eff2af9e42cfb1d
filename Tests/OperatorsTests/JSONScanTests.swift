import Columnar
import HostSystem
import Testing

import Operators

@Suite struct JSONScanTests {
    static let bid = JSONScanSetup([
        ScanColumn(path: ["auction"], type: .bigint), ScanColumn(path: ["price"], type: .double),
        ScanColumn(path: ["channel"], type: .string), ScanColumn(path: ["dateTime"], type: .timestamp(precision: 3)),
        ScanColumn(path: ["ok"], type: .boolean), ScanColumn(path: ["n"], type: .int),
    ])

    @Test func aPlainLine() {
        let line =
            #"{"auction":1000,"bidder":7,"price":1.5,"channel":"Apple","url":"x","dateTime":"2026-01-01 00:00:01.250","ok":true,"n":-3}"#
        let result = Self.bid.scan(Array((line + "\n" + line + "\n").utf8))
        let row: [JSONCell] = [
            .integer(1000), .number(1.5), .text("Apple"), .integer(1_767_225_601_250), .boolean(true), .integer(-3),
        ]
        #expect(result == JSONScanResult(rows: [row, row], lines: [0, 1]))
        #expect(result == Self.bid.referenceScan(Array((line + "\n" + line + "\n").utf8)))
    }
}
