import CommitLog
import HostSystem
import Simulation
import TestSupport
import Testing

private func failure(_ body: () throws(LogError) -> Void) -> LogError? {
    do throws(LogError) {
        try body()
        return nil
    } catch {
        return error
    }
}

@Suite struct PartitionTests {
    @Test(arguments: [ChunkCompression.none, .lz4, .zstd])
    func whatIsAppendedIsRead(_ compression: ChunkCompression) throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(compression: compression)
        let ranges = try machine.fill(writer, [1, 63, 64, 65, 5000, 20_000, 0, 1])
        #expect(ranges.map(\.upperBound) == [1, 64, 128, 193, 5193, 25_193, 25_193, 25_194])
        #expect(ReadRows(machine.reader(), 0..<writer.end).isWhole(0..<writer.end))
        // Other compressions are read by whoever comes later.
        writer.close()
        let second = try machine.writer(writer.end, compression: .none)
        try machine.fill(second, [10, 100])
        #expect(ReadRows(machine.reader(), 0..<second.end).isWhole(0..<second.end))
    }

    @Test func anyRangeIsReadFromWhateverFramesItCrosses() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 400)
        try machine.fill(writer, (0..<40).map { 1 + $0 % 7 })
        let reader = machine.reader()
        var random = SplitMix64(seed: 5)
        for _ in 0..<500 {
            let start = UInt64(random.below(Int(writer.end)))
            let range = start..<start + UInt64(random.below(Int(writer.end - start) + 1))
            let read = ReadRows(reader, range)
            #expect(read.isWhole(range), "\(range): \(read)")
        }
        #expect(try machine.segments().count > 5)
    }

    @Test(arguments: [1, 60, 400]) func writersTakeTurns(rollBytes: Int) throws {
        let machine = PartitionMachine()
        let files = machine.disk.start()
        func claim() throws -> PartitionClaim {
            try #require(try PartitionClaim.take(PartitionMachine.directory, files: files, wait: false))
        }
        let writers = try (0..<3).map { _ in
            let writer = try PartitionWriter.open(
                holding: claim(), directory: PartitionMachine.directory, partition: PartitionMachine.partition,
                publishedEnd: 0, firstKept: 0, files: files, options: SegmentOptions(rollBytes: rollBytes))
            writer.pause()
            return writer
        }
        var random = SplitMix64(seed: UInt64(rollBytes))
        var published: UInt64 = 0
        var hasPublished = [true, true, true]
        for _ in 0..<200 {
            let index = random.below(writers.count)
            let writer = writers[index]
            let held = try claim()
            if try !hasPublished[index] || !writer.resumeIfUntouched(holding: held) {
                try writer.resume(holding: held, publishedEnd: published, firstKept: 0)
            }
            #expect(writer.end == published)
            try machine.fill(writer, (0..<random.below(3)).map { _ in 1 + random.below(5) })
            if random.below(8) == 0 { try writer.seal() }
            if random.below(4) == 0 { try writer.mergeSealed(below: published) { FrameContent.joined($0) } }
            // What was appended in the other turns was not published.
            hasPublished[index] = random.below(3) > 0
            if hasPublished[index] { published = writer.end }
            writer.pause()
        }
        #expect(published > 100)
        #expect(ReadRows(machine.reader(), 0..<published).isWhole(0..<published))
    }

    @Test func whoKeepsAPartitionIsNotWaitedFor() throws {
        let machine = PartitionMachine()
        let files = machine.disk.start()
        let writer = try machine.writer(files: files)
        let refused = failure { () throws(LogError) in
            _ = try PartitionClaim.take(PartitionMachine.directory, files: files, wait: true)
        }
        #expect(refused == .locked(directory: PartitionMachine.directory))
        writer.close()
        let claim = try #require(try PartitionClaim.take(PartitionMachine.directory, files: files, wait: false))
        #expect(try PartitionClaim.take(PartitionMachine.directory, files: files, wait: false) == nil)
        claim.release()
        #expect(try PartitionClaim.take(PartitionMachine.directory, files: files, wait: false) != nil)
    }

    @Test func aSubsetOfTheColumnsIsRead() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer()
        try machine.fill(writer, [100, 100, 100])
        let reader = machine.reader()
        func columns(_ wanted: [UInt32]?, from offset: UInt64) throws -> [UInt32]? {
            try reader.next(columns: wanted, from: offset, below: writer.end)?.chunks.map(\.columnID)
        }
        #expect(try columns([2], from: 0) == [2])
        #expect(try columns([3, 1], from: 0) == [1], "an old frame has no column 3")
        #expect(try columns([3, 1], from: 200) == [1, 3])
        #expect(try columns([], from: 100) == [])
        #expect(try columns(nil, from: 250) == [1, 2, 3])
        #expect(try columns(nil, from: 300) == nil)
    }

    @Test func framesNobodyWantsArePassedOver() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 2000)
        let ranges = try machine.fill(writer, [Int](repeating: 50, count: 30))
        let reader = machine.reader()
        var asked: [Range<UInt64>] = []
        let slice = try #require(
            try reader.next(columns: [1], from: 10, below: writer.end) { frame in
                asked.append(frame.offsets)
                #expect(frame.column(1)?.minimum.count == 8 && frame.column(9) == nil && frame.rowCount == 50)
                return frame.offsets.lowerBound >= 600
            })
        #expect(asked == Array(ranges[...12]))
        #expect(slice.offsets == 10..<650 && slice.rows == 0..<50 && slice.firstRow == 600)
        let rest = try reader.next(columns: [1], from: 650, below: 999) { _ in false }
        #expect(rest?.offsets == 650..<999 && rest?.rows.isEmpty == true && rest?.chunks.isEmpty == true)
    }

    @Test func aReaderFollowsTheWriterOverSegmentsAndBlocks() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 3000)
        let reader = machine.reader()
        for i in 0..<200 {
            let start = writer.end
            try machine.fill(writer, [1 + i % 5])
            #expect(ReadRows(reader, start..<writer.end).isWhole(start..<writer.end))
        }
    }

    @Test func whatIsNotPublishedIsCutAndNeverSeen() throws {
        let machine = PartitionMachine()
        let reader = machine.reader()
        var writer = try machine.writer(rollBytes: 500)
        try machine.fill(writer, [10, 10])
        // The block that holds these rows holds the next ones too, which will be others.
        #expect(ReadRows(reader, 0..<15).isWhole(0..<15))
        let rows = (20..<60).map { LoggedRow(offset: $0, writer: 9) }
        for row in rows { _ = try writer.append(.rows([row])) }
        #expect(ReadRows(reader, 15..<20).isWhole(15..<20))
        writer.close()
        writer = try machine.writer(20, rollBytes: 500)
        try machine.fill(writer, [5, 30])
        #expect(ReadRows(reader, 20..<writer.end).isWhole(20..<writer.end))
        #expect(ReadRows(machine.reader(), 0..<writer.end).isWhole(0..<writer.end))
    }

    @Test func aPartitionHasOneWriter() throws {
        let machine = PartitionMachine()
        let first = machine.disk.start()
        let writer = try machine.writer(files: first)
        #expect(
            failure { () throws(LogError) in _ = try machine.writer() }
                == .locked(directory: PartitionMachine.directory))
        first.kill()
        _ = try machine.writer()
        #expect(failure { () throws(LogError) in try machine.fill(writer, [1]) } != nil)
    }

    @Test func onTheRealDiskLikewise() throws {
        let workspace = try Workspace()
        let directory = workspace.path + "/topics/clicks/0"
        let files = PosixFileSystem()
        func open(_ end: UInt64) throws(LogError) -> PartitionWriter {
            try PartitionWriter.open(
                directory: directory, partition: PartitionMachine.partition, publishedEnd: end, files: files,
                options: SegmentOptions(rollBytes: 4000))
        }
        let writer = try open(0)
        #expect(failure { () throws(LogError) in _ = try open(0) } == .locked(directory: directory))
        try PartitionMachine().fill(writer, [Int](repeating: 20, count: 40))
        try writer.mergeSealed(below: 800, merge: FrameContent.joined)
        writer.close()
        let second = try open(800)
        try PartitionMachine().fill(second, [20])
        let reader = PartitionReader(directory: directory, partition: PartitionMachine.partition, files: files)
        #expect(ReadRows(reader, 0..<820).isWhole(0..<820))
    }

    @Test func aFailedSyncEndsTheWriterAndIsNotRepeated() throws {
        let machine = PartitionMachine()
        let first = try machine.writer()
        try machine.fill(first, [10])
        first.close()
        let files = machine.disk.start(FaultPlan([Fault(.failedSync, at: 1)]))
        let writer = try machine.writer(10, files: files)
        _ = try writer.append(.rows([LoggedRow(offset: 10, writer: 7)]))
        guard case .syncFailed = failure({ () throws(LogError) in try writer.sync() }) else {
            Issue.record("the sync should have failed")
            return
        }
        let over = LogError.writerIsOver(directory: PartitionMachine.directory)
        #expect(failure { () throws(LogError) in try writer.sync() } == over)
        #expect(failure { () throws(LogError) in try machine.fill(writer, [1]) } == over)
        writer.close()
        let next = try machine.writer(10)
        try machine.fill(next, [3])
        machine.disk.losePower()
        #expect(ReadRows(machine.reader(), 0..<13).isWhole(0..<13))
    }

    /// Whoever removes it dies at any step, and others publish where it stood.
    @Test(arguments: 1...6) func aSegmentThatWasRemovedNeverComesBack(operation: Int) throws {
        for seed in 0..<40 as Range<UInt64> {
            let machine = PartitionMachine(seed: seed)
            let first = try machine.writer(rollFrames: 1)
            try machine.fill(first, [10, 5])
            first.close()
            let files = machine.disk.start(FaultPlan([Fault(.kill(.after), at: operation)]))
            do throws(LogError) {
                try machine.writer(10, files: files).close()
            } catch {
                #expect(files.isDead)
            }
            let next = try machine.writer(10)
            try machine.fill(next, [8])
            next.close()
            machine.disk.losePower()
            #expect(ReadRows(machine.reader(), 0..<18).isWhole(0..<18), "seed \(seed)")
            try machine.fill(machine.writer(18), [1])
        }
    }

    @Test func oldSegmentsAreDroppedAndSaidToBe() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 1000)
        try machine.fill(writer, [Int](repeating: 10, count: 50))
        let reader = machine.reader()
        #expect(ReadRows(reader, 100..<110).isWhole(100..<110))
        let before = try machine.segments().count
        try writer.drop(below: 300)
        #expect(try machine.segments().count < before)
        #expect(ReadRows(machine.reader(), 300..<500).isWhole(300..<500))
        guard case .dropped(_, 3, 0, let firstKept) = ReadRows(machine.reader(), 0..<500).failure else {
            Issue.record("rows that were dropped are not there")
            return
        }
        #expect(firstKept > 250 && firstKept <= 300)
        try writer.drop(below: 500)
        #expect(try machine.segments().count == 1)
        writer.close()
        let next = try machine.writer(500, firstKept: 500)
        try machine.fill(next, [5])
        #expect(ReadRows(machine.reader(), 500..<505).isWhole(500..<505))
    }

    @Test func aTopicOfAnotherIdentityIsNotTakenForThisOne() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer()
        try machine.fill(writer, [10])
        var other = PartitionMachine.partition
        other.topic.low += 1
        let reader = PartitionReader(
            directory: PartitionMachine.directory, partition: other, files: machine.disk.start())
        guard case .damaged = ReadRows(reader, 0..<10).failure else {
            Issue.record("a segment of another topic was read")
            return
        }
    }

    @Test func aFrameBeyondAllMeasureIsRefusedAndTheWriterGoesOn() throws {
        let machine = PartitionMachine()
        let writer = try machine.writer()
        let bytes = [UInt8](repeating: 0, count: 33 << 20)
        let chunks = (1...32).map { ColumnChunk(columnID: $0, encoding: 0, nullCount: 0, bytes: bytes) }
        let refused = failure { () throws(LogError) in
            _ = try writer.append(FrameContent(rowCount: 1, schemaID: 0, chunks: chunks))
        }
        #expect(refused == .frameTooLarge(directory: PartitionMachine.directory, bytes: 32 * (33 << 20)))
        try machine.fill(writer, [1])
        #expect(ReadRows(machine.reader(), 0..<1).isWhole(0..<1))
    }
}
