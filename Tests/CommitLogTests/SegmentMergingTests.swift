import CommitLog
import HostSystem
import Simulation
import Testing

@Suite struct SegmentMergingTests {
    private func sizes(_ machine: PartitionMachine) throws -> Int {
        let files = machine.disk.start()
        return try machine.segments().reduce(0) { try $0 + (files.status($1)?.sizeBytes ?? 0) }
    }

    @Test func mergedSegmentsHaveTheSameRowsInLessSpace() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 8000)
        try machine.fill(writer, [Int](repeating: 1, count: 1000))
        let before = (try sizes(machine), try machine.segments())
        // One that has begun with a small frame goes on with the file it has open.
        let reader = machine.reader()
        #expect(ReadRows(reader, 0..<3).isWhole(0..<3))
        try writer.mergeSealed(below: writer.end) { frames in
            #expect(Set(frames.map(\.schemaID)).count == 1)
            return FrameContent.joined(frames)
        }
        #expect(try machine.segments() == before.1)
        #expect(ReadRows(reader, 3..<1000).isWhole(3..<1000))
        #expect(ReadRows(machine.reader(), 0..<1000).isWhole(0..<1000))
        try machine.fill(writer, [1, 2, 3])
        #expect(ReadRows(reader, 1000..<1006).isWhole(1000..<1006))
    }

    @Test func oneSchemaInOneFrame() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 8000)
        for offset in 0..<1000 as Range<UInt64> { _ = try writer.append(.rows([LoggedRow(offset: offset, writer: 0)])) }
        try writer.sync()
        let before = try sizes(machine)
        try writer.mergeSealed(below: writer.end, merge: FrameContent.joined)
        #expect(try sizes(machine) * 4 < before)
        let slice = try machine.reader().next(columns: nil, from: 0, below: 1000)
        #expect((slice?.rowCount ?? 0) > 50)
        // A cut may stand inside a merged frame.
        #expect(ReadRows(machine.reader(), 7..<11).isWhole(7..<11))
    }

    @Test func rowsPublishedOneByOneTakeAsMuchSpaceAsTogether() throws {
        let (machine, other) = (PartitionMachine(), PartitionMachine())
        let (writer, together) = (try machine.writer(), try other.writer())
        let rows = (0..<2000).map { LoggedRow(offset: $0, writer: 0) }
        for row in rows { _ = try writer.append(.rows([row])) }
        try writer.seal()
        try writer.mergeSealed(below: writer.end, merge: FrameContent.joined)
        _ = try together.append(.rows(rows))
        try together.seal()
        #expect(try sizes(machine) * 10 <= sizes(other) * 12)
        try machine.fill(writer, [5])
        #expect(try machine.segments().count == 2)
        #expect(ReadRows(machine.reader(), 0..<2005).isWhole(0..<2005))
    }

    @Test func onlyPublishedSegmentsAreMerged() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 2000)
        try machine.fill(writer, [Int](repeating: 1, count: 100))
        var merged = 0
        try writer.mergeSealed(below: 1) { frames in
            merged += 1
            return FrameContent.joined(frames)
        }
        #expect(merged == 0)
        try writer.mergeSealed(below: 100) { frames in
            merged += 1
            return FrameContent.joined(frames)
        }
        #expect(merged > 1)
        merged = 0
        try writer.mergeSealed(below: 100) { frames in
            merged += 1
            return frames
        }
        #expect(merged == 0, "merged once and for all")
    }

    @Test func aMergeThatGivesOtherRowsIsRefused() throws {
        struct Unable: Error {}
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 2000)
        try machine.fill(writer, [Int](repeating: 1, count: 60))
        for merge: ([FrameContent]) throws -> [FrameContent] in [{ Array($0.dropLast()) }, { _ in throw Unable() }] {
            try machine.fill(writer, [Int](repeating: 1, count: 60))
            do throws(LogError) {
                try writer.mergeSealed(below: writer.end, merge: merge)
                Issue.record("refused")
            } catch {
                guard case .notMerged = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
            #expect(ReadRows(machine.reader(), 0..<writer.end).isWhole(0..<writer.end))
        }
        #expect(try machine.disk.start().list(PartitionMachine.directory).allSatisfy { !$0.hasSuffix(".merging") })
    }

    @Test func whatAnEarlierWriterLeftIsMerged() throws {
        let machine = PartitionMachine()
        let first = try machine.writer(rollBytes: 2000)
        try machine.fill(first, [Int](repeating: 1, count: 100))
        first.close()
        let writer = try machine.writer(100, rollBytes: 2000)
        var rows = 0
        try writer.mergeSealed(below: 100) { frames in
            rows += frames.count
            return FrameContent.joined(frames)
        }
        #expect(rows > 50)
        #expect(ReadRows(machine.reader(), 0..<100).isWhole(0..<100))
    }

    @Test func aSegmentOfManyFramesTakesNoMore() throws {
        let machine = PartitionMachine()
        var writer = try machine.writer(rollFrames: 10)
        try machine.fill(writer, [Int](repeating: 1, count: 25))
        #expect(try machine.segments().count == 3)
        // Also where the frames were there before.
        writer.close()
        writer = try machine.writer(25, rollFrames: 3)
        try machine.fill(writer, [1])
        #expect(try machine.segments().count == 4)
    }

    /// A day of small publishes is a few files, and rows are written anew a few times only.
    @Test func smallSegmentsBecomeOne() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 400_000, rollFrames: 20)
        let reader = machine.reader()
        var readTo: UInt64 = 0
        var written = 0
        for round in 0..<400 {
            try machine.fill(writer, [Int](repeating: 1, count: 20))
            try writer.mergeSealed(below: writer.end) { frames in
                written += frames.reduce(0) { $0 + $1.rowCount }
                return FrameContent.joined(frames)
            }
            if round % 7 == 0 {
                #expect(ReadRows(reader, readTo..<writer.end).isWhole(readTo..<writer.end))
                readTo = writer.end
            }
        }
        #expect(try machine.segments().count < 30)
        #expect(written < 5 * 8000)
        #expect(ReadRows(machine.reader(), 0..<8000).isWhole(0..<8000))
        #expect(ReadRows(reader, readTo..<8000).isWhole(readTo..<8000))
        try writer.drop(below: 7000)
        #expect(ReadRows(machine.reader(), 7000..<8000).isWhole(7000..<8000))
    }

    /// The rename is durable, the removals are not: the merged rows are there twice.
    @Test func rowsThatAreThereTwiceMisleadNobody() throws {
        let machine = PartitionMachine()
        var writer = try machine.writer(rollBytes: 400_000, rollFrames: 20)
        try machine.fill(writer, [Int](repeating: 1, count: 8 * 20 + 5))
        var left: [(String, [UInt8])] = []
        let files = machine.disk.start()
        while let due = writer.dueMerge(below: writer.end) {
            left = try machine.segments().map { ($0, try files.readAll($0)) }
            guard try writer.take(due.run(merge: FrameContent.joined)) else { break }
            try writer.sync()
            if try machine.segments().count < left.count { break }
        }
        #expect(try machine.segments().count == 2 && left.count == 9)
        for (path, bytes) in left[1...] where !(try files.exists(path)) {
            try files.open(path, .createNew).write(bytes, at: 0)
        }
        writer.close()
        func check() {
            #expect(ReadRows(machine.reader(), 0..<165).isWhole(0..<165))
            for start in stride(from: 0, to: 165, by: 9) as StrideTo<UInt64> {
                #expect(ReadRows(machine.reader(), start..<165).isWhole(start..<165))
            }
        }
        check()
        writer = try machine.writer(165, rollBytes: 400_000, rollFrames: 20)
        check()
        try writer.mergeSealed(below: 165, merge: FrameContent.joined)
        #expect(try machine.segments().count == 2)
        check()
    }

    @Test func whatWasDroppedMeanwhileDoesNotComeBack() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollFrames: 10)
        try machine.fill(writer, [Int](repeating: 1, count: 25))
        let due = try #require(writer.dueMerge(below: 25))
        let merged = try #require(try due.run(merge: FrameContent.joined))
        try writer.drop(below: 20)
        #expect(try writer.take(merged))
        #expect(try machine.segments().count == 1)
        #expect(try machine.disk.start().list(PartitionMachine.directory).allSatisfy { !$0.hasSuffix(".merging") })
    }

    @Test func anAbandonedMergeLeavesNothing() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollFrames: 10)
        try machine.fill(writer, [Int](repeating: 1, count: 25))
        for asked in 1...15 {
            let due = try #require(writer.dueMerge(below: 25))
            var left = asked
            let merged = try due.run(
                isAbandoned: {
                    left -= 1
                    return left <= 0
                }, merge: FrameContent.joined)
            if let merged {
                try writer.take(merged)
                break
            }
            #expect(try machine.disk.start().list(PartitionMachine.directory).allSatisfy { !$0.hasSuffix(".merging") })
        }
        #expect(ReadRows(machine.reader(), 0..<25).isWhole(0..<25))
    }
}
