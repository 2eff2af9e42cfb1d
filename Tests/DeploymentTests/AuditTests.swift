import Columnar
import Dataflow
import Deployment
import HostSystem
import Operators
import TestSupport
import Testing

@Suite struct AuditTests {
    private typealias Bench = AuditBench

    // MARK: With a key

    @Test func equalTablesPass() throws {
        let bench = try Bench()
        let rows = (0..<100).map { Bench.row($0, $0 % 7 == 0 ? nil : "DE", Double($0)) }
        try bench.sales(rows, rows.reversed())
        let report = try bench.report()
        #expect(report.verdict == .pass && report.findings.isEmpty)
        #expect(try bench.comparison().counts.line == "old 100, new 100, equal 100")
    }

    @Test func eachKindOfDifferenceIsCounted() throws {
        let bench = try Bench()
        try bench.sales(
            [
                Bench.row(1, "DE", 1), Bench.row(2, "DE", 2), Bench.row(3, nil, 3), Bench.row(4, "FR", nil),
                Bench.row(5, "FR", 5),
            ],
            [
                Bench.row(1, "DE", 1), Bench.row(2, "FR", 2.5), Bench.row(3, "DE", 3), Bench.row(4, "FR", 4),
                Bench.row(6, "IT", 6),
            ])
        let found = try bench.comparison()
        #expect(found.counts.line == "old 5, new 5, equal 1, changed 3, onlyOld 1, onlyNew 1")
        #expect(found.changedColumns.map { "\($0.name) \($0.rows)" } == ["country 2", "tax 2"])
        #expect(found.samples.map(\.kind) == [.changed, .changed, .changed, .onlyOld, .onlyNew])
        let changed = try #require(found.samples.first { $0.key.first?.new == "2" })
        #expect(changed.values.map(\.column) == ["country", "tax"] && changed.values.map(\.old) == ["'DE'", "2.0"])
        #expect(changed.new?["tax"]?.doubleValue == 2.5 && changed.old?["country"] == .string("DE"))
        let report = try bench.report()
        #expect(report.verdict == .warn)
        #expect(report.findings == [.init(verdict: .warn, text: "output \"sales\" differs in 5 rows")])
    }

    @Test func nullsAndDoublesAreComparedByWhatTheyMean() throws {
        let bench = try Bench()
        let big = 1e300
        let old: [Double?] = [
            nil, nil, .nan, .nan, 0.0, 1e9, 1e9, big, -big, .infinity, .infinity, .leastNonzeroMagnitude, 3,
        ]
        let new: [Double?] = [
            nil, 0, -.nan, 1, -0.0, 1e9 + 0.9, 1e9 + 1.1, big * (1 + 1e-10), big, .infinity, big, 0, 3,
        ]
        try bench.sales(
            old.enumerated().map { Bench.row(Int64($0), "x", $1) },
            new.enumerated().map { Bench.row(Int64($0), "x", $1) })
        let found = try bench.comparison()
        #expect(Set(found.samples.compactMap { $0.key.first?.new }) == ["1", "3", "6", "8", "10", "11"])
        // 0.0 and -0.0 are near: the difference of a promote has them, the audit does not.
        #expect(found.counts.near == 3 && found.counts.equal == 7 && found.counts.changed == 6)
    }

    @Test func tablesAreReadUpToTheCut() throws {
        let bench = try Bench()
        let before = try bench.topic("a", Bench.fields, key: ["id"], [Bench.row(1, "DE", 1), Bench.row(2, "DE", 2)])
        try bench.append([Bench.row(1, "DE", 9)], to: "a")
        try bench.topic(
            "b", Bench.fields, key: ["id"],
            [Bench.row(1, "DE", 0), Bench.row(2, "DE", 2), Bench.row(3, "DE", 3)], partitions: 3)
        try bench.append(
            [Bench.row(1, "DE", 0), Bench.row(1, "DE", 1), Bench.row(3, "DE", 3)],
            kinds: [.updateBefore, .updateAfter, .delete], to: "b")
        let now = try bench.end(of: "b")
        try bench.append([Bench.row(8, "DE", 9)], to: "b")
        bench.add("sales", before, now, key: ["id"])
        #expect(try bench.report().verdict == .pass)
        #expect(try bench.comparison().counts.line == "old 2, new 2, equal 2")
    }

    @Test func newColumnsAreNoDifference() throws {
        let bench = try Bench()
        try bench.sales(
            [Bench.row(1, "DE", 1), Bench.row(2, "FR", 2)],
            [Bench.row(1, "DE", 1) + [.int(7)], Bench.row(2, "FR", 2.5) + [.int(8)]],
            newFields: Bench.fields + [Field("level", .int)])
        let found = try bench.comparison()
        #expect(found.counts.line == "old 2, new 2, equal 1, changed 1" && found.addedColumns == ["level"])
        #expect(try bench.report("EXPECT DIFF ONLY WHERE level = 8").verdict == .pass)
        #expect(try bench.report("EXPECT DIFF ONLY WHERE level = 7").verdict == .fail)
    }

    @Test func rowsInRowsAreComparedFieldByField() throws {
        let bench = try Bench()
        let fields = [
            Field("id", .bigint, isNullable: false),
            Field("place", .row([Field("city", .string), Field("zip", .int)])),
        ]
        let row = { (id: Int64, city: String?, zip: Int32) -> [Cell] in
            [.bigint(id), .boolean(city != nil), city.map { .string($0) } ?? .null, city == nil ? .null : .int(zip)]
        }
        try bench.sales(
            [row(1, "a", 1), row(2, "b", 2), row(3, nil, 0)], [row(1, "a", 1), row(2, "b", 3), row(3, "c", 0)],
            fields: fields)
        let found = try bench.comparison()
        #expect(found.changedColumns.map(\.name) == ["place.zip", "place", "place.city"])
        #expect(try bench.report("ONLY IN COLUMNS (place)").verdict == .pass)
        #expect(try bench.report("ONLY IN COLUMNS (place.zip) WHERE place.city = 'b'").verdict == .fail)
    }

    // MARK: Without one

    @Test func rowsWithoutAKeyAreAMultiset() throws {
        let bench = try Bench()
        let (a, b, c) = (Bench.row(1, "a", 1), Bench.row(2, "b", 2), Bench.row(3, nil, nil))
        try bench.add("same", key: [], [a, b, b, c, c], [c, b, a, c, b])
        try bench.add("other", key: [], [a, a, b, c], [a, b, b, b, c])
        let report = try bench.report()
        guard case .compared(let same) = report.outputs[0].outcome,
            case .compared(let other) = report.outputs[1].outcome
        else { return #expect(Bool(false), "both are compared") }
        #expect(same.counts.line == "old 5, new 5, equal 5")
        #expect(other.counts.line == "old 4, new 5, equal 3, onlyOld 1, onlyNew 2")
        #expect(
            other.samples.map { $0.old?["country"] ?? $0.new?["country"] } == [
                .string("a"), .string("b"), .string("b"),
            ])
    }

    @Test func nearDoublesWithoutAKeyAreOneRow() throws {
        let bench = try Bench()
        try bench.sales(
            key: [],
            [Bench.row(1, "a", 0.1 + 0.2), Bench.row(1, "a", 5), Bench.row(2, "a", .nan), Bench.row(3, "a", nil)],
            [Bench.row(1, "a", 5.1), Bench.row(1, "a", 0.3), Bench.row(2, "a", -.nan), Bench.row(3, "a", nil)])
        #expect(try bench.comparison().counts.line == "old 4, new 4, equal 3, near 1, onlyOld 1, onlyNew 1")
    }

    @Test func expectedColumnsWithoutAKeyMakeRowsChanged() throws {
        let bench = try Bench()
        try bench.sales(
            key: [], [Bench.row(1, "DE", 1), Bench.row(2, "DE", 2), Bench.row(3, "FR", 3), Bench.row(4, "FR", 4)],
            [Bench.row(2, "DE", 2), Bench.row(1, "DE", 1.5), Bench.row(3, "FR", 3), Bench.row(5, "FR", 4)])
        let found = try bench.comparison("ONLY IN COLUMNS (tax) WHERE country = 'DE'")
        #expect(found.counts.line == "old 4, new 4, equal 2, changed 1, onlyOld 1, onlyNew 1")
        #expect(found.unexpected == 2 && found.expectations.map(\.rows) == [1])
        // Without it, rows have no identity.
        #expect(try bench.comparison().counts.line == "old 4, new 4, equal 2, onlyOld 2, onlyNew 2")
    }

    @Test func severalNearDoublesArePairedInAnyOrder() throws {
        let bench = try Bench()
        let fields = [Field("a", .double), Field("b", .double)]
        let tiny = 1 + 1e-12
        let rows = { (pairs: [(Double, Double)]) in pairs.map { [Cell.double($0.0), .double($0.1)] } }
        try bench.sales(
            key: [], rows([(1, 5), (tiny, 3), (1, 9)]), rows([(tiny, 5), (1, 3), (1, 8)]), fields: fields)
        #expect(try bench.comparison().counts.line == "old 3, new 3, equal 2, near 2, onlyOld 1, onlyNew 1")
    }

    // MARK: Against models

    @Test(arguments: 1...12) func tablesAgreeWithADictionary(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let bench = try Bench(seed: UInt64(seed))
        let keys = [3, 40, 3000][seed % 3]
        let tables = (0..<2).map { _ in
            Dictionary(
                uniqueKeysWithValues: (0..<keys).filter { _ in random.below(5) > 0 }.map { key in
                    (
                        Int64(key),
                        Bench.row(Int64(key), random.oneIn(3) ? nil : "c\(random.below(2))", Double(random.below(2)))
                    )
                })
        }
        let sorted = tables.map { $0.sorted { $0.key < $1.key }.map(\.value) }
        try bench.sales(sorted[0], sorted[1])
        let (old, new) = (tables[0], tables[1])
        let counts = try bench.comparison().counts
        #expect(counts.old == old.count && counts.new == new.count, "seed \(seed)")
        #expect(counts.equal == new.count { old[$0.key] == $0.value }, "seed \(seed)")
        #expect(
            counts.changed == new.count { old[$0.key].map { [value = $0.value] in $0 != value } ?? false },
            "seed \(seed)")
        #expect(
            counts.onlyOld == old.count { new[$0.key] == nil } && counts.onlyNew == new.count { old[$0.key] == nil },
            "seed \(seed)")
    }

    @Test(arguments: 1...12) func rowsAgreeWithAMultiset(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let bench = try Bench(seed: UInt64(seed))
        let kinds = [2, 30, 4000][seed % 3]
        let sides = (0..<2).map { _ in
            (0..<random.below(5000)).map { _ in
                Bench.row(Int64(random.below(kinds)), random.oneIn(2) ? nil : "c", random.oneIn(2) ? 1 : nil)
            }
        }
        try bench.sales(key: [], sides[0], sides[1])
        var surplus: [[Cell]: Int] = [:]
        for row in sides[0] { surplus[row, default: 0] += 1 }
        for row in sides[1] { surplus[row, default: 0] -= 1 }
        let counts = try bench.comparison().counts
        #expect(counts.onlyOld == surplus.values.reduce(0) { $0 + max(0, $1) }, "seed \(seed)")
        #expect(counts.onlyNew == surplus.values.reduce(0) { $0 - min(0, $1) }, "seed \(seed)")
        #expect(counts.equal == sides[0].count - counts.onlyOld && counts.changed == 0, "seed \(seed)")
    }

    // MARK: Outputs

    @Test func emptyTablesAreEqual() throws {
        let bench = try Bench()
        try bench.add("keyed", [], [])
        try bench.add("rows", key: [], [], [])
        #expect(try bench.report().verdict == .pass)
        #expect(try bench.report("NO DIFF").verdict == .pass)
    }

    @Test func outputsOfOneVersionAreNamed() throws {
        let bench = try Bench()
        let there = try bench.topic("t", Bench.fields, key: ["id"], [])
        bench.add("come", nil, there, key: ["id"])
        #expect(try bench.report().verdict == .pass)
        bench.add("gone", there, nil, key: ["id"])
        let report = try bench.report()
        #expect(
            report.verdict == .warn
                && report.findings.map(\.text) == ["output \"gone\" is not written by the new version"])
        #expect(report.text.contains("come: new, there is nothing to compare it with"))
    }

    @Test func whatCannotBeComparedFails() throws {
        let bench = try Bench()
        let row = Bench.row(1, "DE", 1)
        let keyed = try bench.topic("keyed", Bench.fields, key: ["id"], [row])
        let plain = try bench.topic("plain", Bench.fields, key: [], [row])
        let other = try bench.topic("other", [Field("id", .int, isNullable: false)], key: ["id"], [[.int(1)]])
        bench.add("a", keyed, plain)
        bench.add("b", keyed, other)
        bench.add("c", keyed, .init("keyed", ends: [2]))
        bench.add("d", keyed, .init("nowhere", ends: [0]))
        let report = try bench.report()
        #expect(report.verdict == .fail)
        let texts = report.findings.map(\.text)
        #expect(texts.count == 4 && texts[0].hasSuffix("its key was (id) and is ()"))
        #expect(texts[1].hasSuffix("column \"id\" was BIGINT and is INT"))
        #expect(texts[2].hasSuffix("the cut has it end at [2], it is published up to [1]"))
        #expect(texts[3].hasPrefix("topic \"nowhere\" does not exist"))
    }

    @Test func whatDoesNotFitInMemoryIsRefusedByName() throws {
        let bench = try Bench()
        let rows = (0..<60_000).map { Bench.row(Int64($0), "a country with a long name \($0)", 1) }
        bench.options.memoryBytes = 200_000
        try bench.add("table", rows, rows)
        func failure() -> JobFailure? {
            do {
                _ = try bench.report()
                return nil
            } catch AuditError.failed(let failure) {
                return failure
            } catch {
                return nil
            }
        }
        #expect(failure()?.message == "the rows of output \"table\" of both versions do not fit in memory")
        #expect(failure()?.hint == "give it more: --memory")
        let other = try Bench()
        other.options.memoryBytes = 4_000_000
        // What is in both does not stay.
        try other.add("same", key: [], rows, rows)
        #expect(try other.report().verdict == .pass)
        try other.add("differs", key: [], rows, [])
        #expect(throws: AuditError.self) { try other.report() }
    }
}
