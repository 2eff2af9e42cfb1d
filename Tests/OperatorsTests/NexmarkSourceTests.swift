import Columnar
import Dataflow
import Foundation
import HostSystem
import Operators
import TestSupport
import Testing

@Suite struct NexmarkSourceTests {
    /// Every leaf.
    private static let columns: [ScanColumn] = NexmarkSourceDescription.fields.flatMap { field -> [ScanColumn] in
        guard case .row(let parts) = field.type else { return [ScanColumn(path: [field.name], type: field.type)] }
        return parts.map { ScanColumn(path: [field.name, $0.name], type: $0.type) }
            + [ScanColumn(path: [field.name], type: .boolean, kind: .presence)]
    }

    private func source(
        _ count: Int64?, _ columns: [ScanColumn] = columns, _ predicates: [ScanPredicate] = []
    ) -> NexmarkSourceDescription {
        var options = NexmarkOptions()
        options.eventCount = count
        return NexmarkSourceDescription(
            operatorID: 1, table: "events", options: options, columns: columns, predicates: predicates)
    }

    /// As JSON lines of another generator are read.
    @Test func eventsAreTheAgreedOnes() throws {
        let path = SourceTree.root + "/Tests/Fixtures/nexmark/events.jsonl"
        let lines = try Data(contentsOf: URL(fileURLWithPath: path))
        let scanner = JSONLinesScanner(columns: Self.columns, predicates: [], options: JSONReadOptions())
        scanner.beginFile()
        let padded = [UInt8](lines) + [UInt8](repeating: 0, count: 64)
        let expected = try padded.withUnsafeBytes { bytes in
            try scanner.scan(.init(rebasing: bytes[..<lines.count]), isFinal: true, maxRows: 1000)
        }
        let batches = try generatedBatches(source(300))
        #expect(batches.map(\.rowCount) == [300])
        for (index, column) in Self.columns.enumerated() {
            for row in 0..<300 {
                let (made, read) = (batches[0].columns[index], expected.columns[index])
                #expect(RowReader.text(made, row) == RowReader.text(read, row), "\(column.path), event \(row)")
            }
        }
    }

    /// Of the first 100,000 events, taken once from files of another generator: each value times its event's number plus
    /// one, each byte of text times its place plus one, modulo 2^64.
    @Test(
        arguments: [
            ("event_type", 0x2_3643_8040), ("person.id", 0x36_4B0C_9208), ("person.name", 0x5_F645_6143),
            ("person.emailAddress", 0x9_32C9_8E0F), ("person.creditCard", 0x8_478D_42D1),
            ("person.city", 0x2_762C_10A7), ("person.state", 0x2482_EE48),
            ("person.dateTime", 0x9357_4B0E_EAD6_6E28), ("person.extra", 0x396_EEC9_058A),
            ("auction.id", 0x15D_168E_0EF8), ("auction.itemName", 0x33_EBDE_0E04),
            ("auction.description", 0x455_C1A0_AAC8), ("auction.initialBid", 0x7_CEF3_E55C_AA7F),
            ("auction.reserve", 0xF_4340_97C5_FEDB), ("auction.dateTime", 0xBA51_3890_0D99_5C48),
            ("auction.expires", 0xBA51_389B_A287_6F18), ("auction.seller", 0x98_2E5D_BA07),
            ("auction.category", 0xD65E_7756), ("auction.extra", 0x1026_64CF_9798_5 as UInt64),
            ("bid.auction", 0x14B9_2831_CCFA), ("bid.bidder", 0x921_83E0_3C16), ("bid.price", 0x76_8BB2_7689_A69C),
            ("bid.channel", 0x1B0F_7EB3_BDDE), ("bid.url", 0x6_6D2E_E449_7AF7),
            ("bid.dateTime", 0xB57A_56FF_340C_DD38), ("bid.extra", 0x7_3224_E263_821C),
        ] as [(String, UInt64)])
    func columnsOfManyEventsAreTheAgreedOnes(path: String, checksum: UInt64) throws {
        let column = Self.columns.first { $0.kind == .value && $0.path.joined(separator: ".") == path }
        let batches = try generatedBatches(source(100_000, [try #require(column)]))
        var (sum, first, place): (UInt64, UInt64, UInt64) = (0, 1, 1)
        for batch in batches {
            switch batch.columns[0] {
            case .int(let c): sum = c.values.indices.reduce(sum) { $0 &+ UInt64(c.values[$1]) &* (first + UInt64($1)) }
            case .bigint(let c), .timestamp(let c):
                for row in c.values.indices where c.validity?[row] ?? true {
                    sum = sum &+ UInt64(bitPattern: c.values[row]) &* (first + UInt64(row))
                }
            case .string(let c):
                for byte in c.bytes {
                    sum = sum &+ UInt64(byte) &* place
                    place += 1
                }
            default: Issue.record("no column of Nexmark")
            }
            first += UInt64(batch.rowCount)
        }
        #expect(sum == checksum)
    }

    @Test func rowsAreTheSameWhoeverReadsThemAndAfterRestarts() throws {
        let time = ScanColumn(path: ["bid", "dateTime"], type: .timestamp(precision: 3))
        var description = source(30_000, [ScanColumn(path: ["bid", "url"], type: .string), time])
        description.watermark = FileSourceDescription.strategy(column: 1, delay: 4000)
        var settings = JobSettings()
        // Persons and auctions have no bid, and so no time.
        settings.skipsBadRecords = true
        let alone = try GeneratorRun(description: description, settings: settings).rows()
        #expect(alone.rows.count == 27_600)
        for (readers, batches) in [(2, Int.max), (4, .max), (1, 2), (2, 1), (4, 3)] {
            for seed in 1...3 as ClosedRange<UInt64> {
                let run = GeneratorRun(
                    description: description, readers: readers, seed: seed, batchesPerRun: batches, settings: settings)
                let read = try run.rows()
                #expect(read.rows == alone.rows, "\(readers) readers, \(batches) batches a run, seed \(seed)")
                #expect(read.watermark == alone.watermark)
            }
        }
    }

    @Test func predicatesDecideBeforeTheRestIsMade() throws {
        let type = ScanColumn(path: ["event_type"], type: .int)
        let price = ScanColumn(path: ["bid", "price"], type: .bigint)
        let all = try GeneratorRun(description: source(5000, [type, price])).rows().rows
        let isBid = ScanPredicate(column: 0, comparison: .equal, literal: .int(2))
        let bids = try GeneratorRun(description: source(5000, [type, price], [isBid])).rows().rows
        #expect(bids == all.filter { $0.text.hasPrefix("2,") })
        let isDear = ScanPredicate(column: 1, comparison: .greater, literal: .bigint(50_000_000))
        let dear = try GeneratorRun(description: source(5000, [type, price], [isBid, isDear])).rows().rows
        #expect(dear.count > 5 && dear.count < 1000)
        #expect(dear == bids.filter { (Int($0.text.dropFirst(2)) ?? 0) > 50_000_000 })
        let none = ScanPredicate(column: 1, comparison: .isNull, literal: .null)
        #expect(try GeneratorRun(description: source(5000, [type, price], [isBid, none])).rows().rows.isEmpty)
    }

    @Test func aStreamWithoutEndIsNoCaseForAvailableNow() throws {
        var settings = JobSettings()
        settings.readsWhatIsThere = true
        let failure = #expect(throws: JobFailure.self) { try generatedBatches(source(nil), settings) }
        #expect(failure?.message.contains("table \"events\" has no end") == true)
        #expect(try generatedBatches(source(100), settings).map(\.rowCount) == [100])
        #expect(!source(nil).isBounded && source(0).isBounded)
        #expect(try generatedBatches(source(0)).isEmpty)
        #expect(try GeneratorRun(description: source(nil)).rows(upTo: 10_000).rows.count == 12_288)
    }

    @Test func aRateLimitIsKeptWhereItIsAskedFor() throws {
        var description = source(2000, [ScanColumn(path: ["event_type"], type: .int)])
        #expect(description.rowsPerSecond == nil)
        description.options.isRateLimited = true
        description.options.eventsPerSecond = 1000
        let read = try GeneratorRun(description: description, readers: 2).rows()
        #expect(read.rows.map(\.number) == Array(1...2000))
        // Two seconds, of which each wait takes 80 ms at most.
        #expect(read.waits >= 20)
    }

    @Test func optionsMoveTheStream() throws {
        var options = NexmarkOptions()
        options.personProportion = 2
        options.auctionProportion = 5
        options.bidProportion = 3
        options.eventCount = 100
        let description = NexmarkSourceDescription(
            operatorID: 1, table: "t", options: options,
            columns: [
                ScanColumn(path: ["event_type"], type: .int), ScanColumn(path: ["person", "id"], type: .bigint),
                ScanColumn(path: ["auction", "id"], type: .bigint),
            ])
        let rows = try GeneratorRun(description: description).rows().rows.map(\.text)
        #expect(
            Array(rows[8..<18]) == [
                "2,null,null", "2,null,null", "0,1002,null", "0,1003,null", "1,null,1005", "1,null,1006", "1,null,1007",
                "1,null,1008", "1,null,1009", "2,null,null",
            ])
        #expect(NexmarkOptions().problem == nil)
        options.auctionProportion = 0
        #expect(options.problem != nil)
        options = NexmarkOptions()
        options.hotAuctionRatio = 0
        #expect(options.problem?.option == "bid.hot-ratio.auctions")
    }

    @Test func damagedPositionsAreTold() throws {
        let context = try LinkContext.alone()
        for bytes in [[], [9], [1, 2, 3], [UInt8](repeating: 0xFF, count: 40)] as [[UInt8]] {
            let input = try source(10).makeInput(context)
            #expect(throws: JobFailure.self) { try input.restore(from: bytes) }
        }
    }
}
