import CommitLog
import HostSystem
import Simulation
import Testing

@Suite struct PartitionDamageTests {
    /// Three segments: packed and plain chunks, small frames and larger ones, one of them merged.
    private func machine() throws -> (PartitionMachine, end: UInt64) {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollBytes: 1200)
        try machine.fill(writer, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
        try writer.mergeSealed(below: writer.end, merge: FrameContent.joined)
        try machine.fill(writer, [3, 60, 2, 5, 64, 1, 1])
        #expect(try machine.segments().count == 3)
        return (machine, writer.end)
    }

    /// What a reader says of a damaged partition: right rows up to the one that it names.
    private func judge(_ read: ReadRows, _ place: String) {
        guard case .damaged(PartitionMachine.directory, 3, let offset, let detail) = read.failure else {
            Issue.record("\(place): \(String(describing: read.failure)), read to \(read.end)")
            return
        }
        #expect(offset == read.end && !detail.isEmpty, "\(place): \(detail)")
        #expect(read.isRight(from: 0), "\(place)")
    }

    @Test func everyFlippedBitIsFoundWithItsPlace() throws {
        let (machine, end) = try machine()
        for path in try machine.segments() {
            let size = try #require(try machine.disk.start().status(path)).sizeBytes
            for bit in 0..<8 * size {
                let mask = UInt8(1 << (bit % 8))
                machine.disk.rot(path, at: bit / 8, mask: mask)
                judge(ReadRows(machine.reader(), 0..<end), "\(path) bit \(bit)")
                let some = ReadRows(machine.reader(), 0..<end, columns: [1])
                #expect(some.isRight(from: 0) && (some.failure == nil) == (some.end == end), "\(path) bit \(bit)")
                machine.disk.rot(path, at: bit / 8, mask: mask)
            }
        }
        #expect(ReadRows(machine.reader(), 0..<end).isWhole(0..<end))
    }

    /// A segment of each kind: merged, full, and the newest, with rows behind the published end.
    private func smallMachine() throws -> (PartitionMachine, publishedEnd: UInt64) {
        let machine = PartitionMachine()
        let writer = try machine.writer(rollFrames: 3)
        try machine.fill(writer, [1, 1, 1, 1])
        try writer.mergeSealed(below: writer.end, merge: FrameContent.joined)
        try machine.fill(writer, [1, 8, 1, 12])
        let end = writer.end
        try machine.fill(writer, [2])
        #expect(try machine.segments().count == 3)
        return (machine, end)
    }

    /// Whoever opens a partition to write to it finds what it looks at, and never cuts what is published.
    @Test func noFlippedBitMisleadsAWriter() throws {
        let (machine, end) = try smallMachine()
        let path = try machine.segments()[2]
        let right = try machine.disk.start().readAll(path)
        var refused = 0
        for bit in 0..<8 * right.count {
            machine.disk.rot(path, at: bit / 8, mask: UInt8(1 << (bit % 8)))
            do throws(LogError) {
                let writer = try machine.writer(end)
                let first = try machine.fill(writer, [3])
                #expect(first == [end..<end + 3], "bit \(bit)")
                #expect(ReadRows(machine.reader(), end..<end + 3).isWhole(end..<end + 3), "bit \(bit)")
                let read = ReadRows(machine.reader(), 0..<end)
                #expect(read.isRight(from: 0) && (read.failure == nil) == (read.end == end), "bit \(bit)")
                if read.failure != nil { judge(read, "bit \(bit)") }
            } catch {
                refused += 1
                guard case .damaged(PartitionMachine.directory, 3, let offset, let detail) = error else {
                    Issue.record("bit \(bit): \(error)")
                    continue
                }
                #expect(offset < end && detail.contains(".segment\""), "bit \(bit): \(error)")
                #expect(try machine.disk.start().status(path)?.sizeBytes == right.count, "bit \(bit)")
            }
            let file = try machine.disk.start().open(path, .update)
            try file.truncate(to: 0)
            try file.write(right, at: 0)
        }
        #expect(refused > 8 * 52)
        _ = try machine.writer(end)
        #expect(ReadRows(machine.reader(), 0..<end).isWhole(0..<end))
    }

    /// What is merged is looked at whole: damage is told, and stays where it is.
    @Test func noFlippedBitIsMergedAway() throws {
        let (machine, end) = try smallMachine()
        let paths = try machine.segments()
        let right = try paths.map { try machine.disk.start().readAll($0) }
        for index in 0..<2 {
            for bit in 0..<8 * right[index].count {
                machine.disk.rot(paths[index], at: bit / 8, mask: UInt8(1 << (bit % 8)))
                let writer = try machine.writer(end)
                do throws(LogError) {
                    try writer.mergeSealed(below: end, merge: FrameContent.joined)
                    // It was not read by the merge: a segment that was merged before.
                    #expect(index == 0, "segment \(index), bit \(bit)")
                } catch {
                    guard case .damaged(PartitionMachine.directory, 3, let offset, _) = error else {
                        Issue.record("segment \(index), bit \(bit): \(error)")
                        continue
                    }
                    #expect(offset < end)
                }
                judge(ReadRows(machine.reader(), 0..<end), "segment \(index), bit \(bit)")
                writer.close()
                for (path, bytes) in zip(paths, right) {
                    let file = try machine.disk.start().open(path, .update)
                    try file.truncate(to: 0)
                    try file.write(bytes, at: 0)
                }
            }
        }
        #expect(ReadRows(machine.reader(), 0..<end).isWhole(0..<end))
    }

    @Test func everyCutIsFoundWithItsPlace() throws {
        for index in 0..<3 {
            let (machine, end) = try machine()
            let path = try machine.segments()[index]
            let file = try machine.disk.start().open(path, .update)
            for length in stride(from: try file.size() - 1, through: 0, by: -1) {
                try file.truncate(to: length)
                judge(ReadRows(machine.reader(), 0..<end), "\(path) cut to \(length)")
                if index == 2 { expectRefused(machine, end, "cut to \(length)") }
            }
        }
    }

    private func expectRefused(_ machine: PartitionMachine, _ end: UInt64, _ place: String) {
        do throws(LogError) {
            _ = try machine.writer(end)
            Issue.record("\(place): a writer begins")
        } catch {
            guard case .damaged(PartitionMachine.directory, 3, _, _) = error else {
                Issue.record("\(place): \(error)")
                return
            }
        }
    }

    @Test func aMissingSegmentIsFound() throws {
        for index in 0..<3 {
            let (machine, end) = try machine()
            try machine.disk.start().remove(try machine.segments()[index])
            let read = ReadRows(machine.reader(), 0..<end)
            #expect(read.failure != nil && read.isRight(from: 0))
        }
        expectRefused(PartitionMachine(), 5, "no file at all")
    }

    /// Lengths and counts of any size, under right checksums.
    @Test func whatAFrameSaysOfItselfIsNotBelieved() throws {
        var random = SplitMix64(seed: 11)
        let (machine, end) = try machine()
        let files = machine.disk.start()
        let file = try files.open(try machine.segments()[2], .update)
        let right = try file.read(52..<(try file.size()))
        for round in 0..<3000 {
            var bytes = right
            let isHeader = random.oneIn(2)
            let directoryEnd = 40 + Int(bytes[28]) + Int(bytes[29]) << 8
            let at = isHeader ? 8 + random.below(32) : 40 + random.below(directoryEnd - 40)
            for i in at..<min(bytes.count, at + 1 + random.below(8)) where i < directoryEnd {
                bytes[i] = random.oneIn(2) ? 255 : UInt8(random.below(256))
            }
            var directory = ByteWriter()
            directory.write(Checksum.crc32c(Array(bytes[40..<directoryEnd])))
            if !isHeader { bytes.replaceSubrange(32..<36, with: directory.bytes) }
            var seed = ByteWriter()
            PartitionMachine.partition.topic.encode(to: &seed)
            seed.write(PartitionMachine.partition.partition)
            var checksum = ByteWriter()
            checksum.write(Checksum.crc32c(Array(bytes[8..<40]), continuing: Checksum.crc32c(seed.bytes)))
            bytes.replaceSubrange(4..<8, with: checksum.bytes)
            try file.write(bytes, at: 52)
            let reader = machine.reader(files)
            // No more is asked than that it comes to an end: the bytes are what their checksums say.
            do throws(LogError) {
                var offset: UInt64 = 0
                while let slice = try reader.next(columns: nil, from: offset, below: end) {
                    #expect(slice.offsets.upperBound > offset, "round \(round)")
                    offset = slice.offsets.upperBound
                }
            } catch {
                guard case .damaged = error else {
                    Issue.record("round \(round): \(error)")
                    continue
                }
            }
        }
    }
}
