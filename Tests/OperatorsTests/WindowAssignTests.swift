import Columnar
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

@Suite struct WindowAssignTests {
    private static let shapes = [
        WindowReference(size: 10, slide: 10), WindowReference(size: 10, slide: 10, offset: 3),
        WindowReference(size: 7, slide: 7, offset: -16), WindowReference(size: 12, slide: 4, offset: -5),
        WindowReference(size: 5, slide: 1, offset: 1), WindowReference(size: 1, slide: 1),
        WindowReference(size: 86_400_000, slide: 3_600_000, offset: -28_800_000),
        WindowReference(size: Int64.max, slide: Int64.max, offset: Int64.max),
        WindowReference(size: 1 << 62, slide: 1 << 61, offset: -1), WindowReference(size: 10_000, slide: 1),
    ]

    private func times(_ reference: WindowReference, _ random: inout SplitMix64) -> [Int64] {
        let range = reference.assigner.times
        var times = [range.lowerBound, range.upperBound, -1, 0, 1]
        for _ in 0..<60 {
            times.append(Int64(random.below(200)) - 100)
            times.append(Int64(bitPattern: random.next()))
            times.append(Int64(random.below(1 << 42)) * (random.oneIn(2) ? 1 : -1))
        }
        return times.filter { range.contains($0) }
    }

    @Test(arguments: shapes) func panesAndWindowsAgreeWithFlinks(reference: WindowReference) {
        let assigner = reference.assigner
        var random = SplitMix64(seed: 41)
        for time in times(reference, &random) {
            let pane = assigner.pane(of: time)
            let windows = reference.windows(of: time)
            #expect(Int128(assigner.start(ofPane: pane)) <= Int128(time))
            guard windows.count <= 100 else { continue }
            let own = (pane - assigner.paneCount + 1...pane).map { assigner.start(ofPane: $0) }
            #expect(own.map { Int128($0) } == windows.map(\.start), "\(time)")
            let ends = (pane - assigner.paneCount + 1...pane).map { assigner.end(ofWindow: $0) }
            #expect(ends.map { Int128($0) } == windows.map(\.end), "\(time)")
            for watermark in [Int64.min, Int64.max, time] + ends + ends.map({ $0 - 1 }) + ends.map({ $0 - 2 }) {
                let ended = windows.filter { $0.end - 1 <= Int128(watermark) }.count
                #expect(assigner.endedWindows(ofPane: pane, at: watermark) == Int64(ended), "\(time) at \(watermark)")
            }
        }
    }

    @Test(arguments: shapes) func theLastEndedWindow(reference: WindowReference) {
        let assigner = reference.assigner
        var random = SplitMix64(seed: 43)
        for time in times(reference, &random) {
            guard let window = assigner.lastEndedWindow(at: time) else { continue }
            #expect(assigner.end(ofWindow: window) - 1 <= time)
            let isLast = window == assigner.pane(of: assigner.times.upperBound)
            #expect(isLast || assigner.end(ofWindow: window + 1) - 1 > time, "\(time)")
        }
        #expect(assigner.lastEndedWindow(at: Int64.min) == nil)
        #expect(assigner.lastEndedWindow(at: Int64.max) == assigner.pane(of: assigner.times.upperBound))
    }

    // MARK: Rows

    private func link(
        _ assigner: WindowAssigner, metrics: JobMetrics = JobMetrics(), skips: Bool = false
    ) throws -> any BatchExpansion {
        var settings = JobSettings()
        settings.skipsBadRecords = skips
        let description = WindowAssignDescription(assigner: assigner, timeColumn: 1, columns: [])
        guard
            case .expansion(let link) = try description.makeLink(
                LinkContext.alone(metrics: metrics, settings: settings))
        else { preconditionFailure("it gives several batches") }
        return link
    }

    private func taken(_ link: any BatchExpansion, _ batch: Batch) throws -> [Batch] {
        try link.begin(batch)
        var batches: [Batch] = []
        while let batch = try link.next() { batches.append(batch) }
        return batches
    }

    @Test(arguments: shapes.prefix(6), [0, 1, 65, 700]) func everyRowOncePerWindow(
        reference: WindowReference, rows: Int
    ) throws {
        var source = CellSource(seed: UInt64(rows))
        let texts = source.cells(.string, rows, .some)
        let times = (0..<rows).map { _ in Int64(source.random.below(100)) - 50 }
        let selection = source.random.oneIn(2) ? nil : (0..<Int32(rows)).filter { _ in source.random.oneIn(2) }
        let batch = Batch(
            columns: [Column(texts, .string), .timestamp(FixedColumn(times))], rowCount: rows, selection: selection,
            origin: BatchOrigin(path: "p", lines: (0..<rows).map { Int64($0) + 1 }),
            rowWatermarks: (0..<rows).map { Int64($0) * 3 })
        var expected: [[Cell]] = []
        for row in selection ?? Array(0..<Int32(rows)) {
            let row = Int(row)
            for window in reference.windows(of: times[row]) {
                let ends = [window.start, window.end, window.end - 1].map { Cell.timestamp(Int64($0)) }
                expected.append(
                    [texts[row], .timestamp(times[row])] + ends + [.bigint(Int64(row) + 1), .bigint(Int64(row) * 3)])
            }
        }
        var got: [[Cell]] = []
        for batch in try taken(try link(reference.assigner), batch) {
            for row in batch.selection ?? Array(0..<Int32(batch.rowCount)) {
                let row = Int(row)
                got.append(
                    batch.columns.map { $0.cell(at: row) } + [
                        .bigint(try #require(batch.origin).lines[row]), .bigint(try #require(batch.rowWatermarks)[row]),
                    ])
            }
        }
        #expect(got == expected)
    }

    @Test func longWindowsOfShortSlidesComeInBoundedBatches() throws {
        let batch = Batch(
            columns: [.bigint(FixedColumn([1, 2, 3])), .timestamp(FixedColumn([0, 5, 20_000]))], rowCount: 3)
        let link = try link(.hop(size: 10_000, slide: 1))
        let batches = try taken(link, batch)
        #expect(batches.allSatisfy { $0.rowCount <= 4096 })
        #expect(batches.reduce(0) { $0 + $1.rowCount } == 30_000)
        #expect(try taken(link, batch).count == batches.count, "it can begin again")
    }

    @Test func repeatedUpdatesBecomeDeletesAndInserts() throws {
        let batch = Batch(
            columns: [.bigint(FixedColumn([1, 1, 2])), .timestamp(FixedColumn([0, 5, 7]))], rowCount: 3,
            rowKinds: [.updateBefore, .updateAfter, .delete])
        let hopping = try taken(try link(.hop(size: 4, slide: 2)), batch)
        #expect(hopping.map(\.rowKinds) == [[.delete, .delete, .insert, .insert, .delete, .delete]])
        let tumbling = try taken(try link(.tumble(size: 4)), batch)
        #expect(tumbling.map(\.rowKinds) == [batch.rowKinds])
    }

    @Test func aTimeWithoutWindowsIsABadRecord() throws {
        let cells: [Cell] = [.timestamp(1), .timestamp(.min), .null, .timestamp(4)]
        let batch = Batch(
            columns: [.bigint(FixedColumn([1, 2, 3, 4])), Column(cells, .timestamp(precision: 3))], rowCount: 4,
            origin: BatchOrigin(path: "in.json", lines: [10, 11, 12, 13]))
        let failure = try #require(throws: JobFailure.self) { _ = try taken(try link(.tumble(size: 10)), batch) }
        #expect(failure.message.hasPrefix("in.json:11: the row's time is too far from 1970"))
        let metrics = JobMetrics()
        let kept = try taken(try link(.hop(size: 2, slide: 1), metrics: metrics, skips: true), batch)
        #expect(kept.flatMap { $0.columns[0].cells } == [.bigint(1), .bigint(1), .bigint(4), .bigint(4)])
        #expect(metrics.skippedRecords.load(ordering: .relaxed) == 2)
    }
}
