import CommitLog
import HostSystem

/// What a checkpoint record says of one sink subtask's part files. Bytes: `Docs/Formats/part-files.md`.
package struct PartFilesState: Equatable, Sendable {
    /// A part that is open across the checkpoint: it is cut to this length by a start.
    package struct OpenPart: Equatable, Sendable {
        package var number: UInt64
        package var committedBytes: UInt64
        package var begunMilliseconds: Int64
        package var lastWrittenMilliseconds: Int64

        package init(
            number: UInt64, committedBytes: UInt64, begunMilliseconds: Int64, lastWrittenMilliseconds: Int64
        ) {
            self.number = number
            self.committedBytes = committedBytes
            self.begunMilliseconds = begunMilliseconds
            self.lastWrittenMilliseconds = lastWrittenMilliseconds
        }
    }

    /// A finished part, not known to be durable under its own name yet.
    package struct PendingPart: Equatable, Sendable {
        package var number: UInt64
        package var sizeBytes: UInt64

        package init(number: UInt64, sizeBytes: UInt64) {
            self.number = number
            self.sizeBytes = sizeBytes
        }
    }

    package var run: RunID
    package var subtask: UInt32
    /// The first number that is the run's.
    package var firstNumber: UInt64
    package var nextNumber: UInt64
    package var open: OpenPart?
    /// Ascending by number.
    package var pending: [PendingPart] = []

    package init(run: RunID, subtask: UInt32, firstNumber: UInt64, nextNumber: UInt64) {
        self.run = run
        self.subtask = subtask
        self.firstNumber = firstNumber
        self.nextNumber = nextNumber
    }

    /// The names of parts that stand hidden, unless they were renamed already.
    var hiddenNames: [String] {
        let numbers = pending.map(\.number) + [open?.number].compactMap(\.self)
        return numbers.map { PartFileName(number: $0, subtask: subtask).hidden(run) }
    }

    /// All the numbers the run has used.
    package var numbers: Range<UInt64> { firstNumber..<nextNumber }
}

extension PartFilesState {
    private static let version: UInt8 = 1

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(PartFilesState.version)
        run.encode(to: &writer)
        writer.write(subtask)
        writer.write(firstNumber)
        writer.write(nextNumber)
        writer.write(open != nil)
        if let open {
            writer.write(open.number)
            writer.write(open.committedBytes)
            writer.write(open.begunMilliseconds)
            writer.write(open.lastWrittenMilliseconds)
        }
        writer.writeVarint(UInt64(pending.count))
        for part in pending {
            writer.write(part.number)
            writer.write(part.sizeBytes)
        }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self, "version") == PartFilesState.version else {
            throw CorruptBytes(offset: 0, expected: "version \(PartFilesState.version) of the part files' state")
        }
        run = try RunID(from: &reader)
        subtask = try reader.read(UInt32.self, "subtask")
        firstNumber = try reader.read(UInt64.self, "first number")
        nextNumber = try reader.read(UInt64.self, "next number")
        guard firstNumber <= nextNumber, nextNumber <= PartFileName.largestNumber + 1 else {
            throw CorruptBytes(offset: reader.position, expected: "part numbers in order")
        }
        if try reader.readBool() {
            let part = OpenPart(
                number: try reader.read(UInt64.self, "open part"),
                committedBytes: try reader.read(UInt64.self, "length of the open part"),
                begunMilliseconds: try reader.read(Int64.self, "time of the open part"),
                lastWrittenMilliseconds: try reader.read(Int64.self, "time of the open part"))
            try check(part.number, part.committedBytes, reader)
            open = part
        }
        let count = try reader.readVarint("number of pending parts")
        guard count <= UInt64(reader.remaining / 16) else {
            throw CorruptBytes(offset: reader.position, expected: "number of pending parts")
        }
        for _ in 0..<count {
            let part = PendingPart(
                number: try reader.read(UInt64.self, "pending part"),
                sizeBytes: try reader.read(UInt64.self, "length of a pending part"))
            try check(part.number, part.sizeBytes, reader)
            guard pending.last.map({ $0.number < part.number }) ?? true, part.number != open?.number else {
                throw CorruptBytes(offset: reader.position, expected: "pending parts in order")
            }
            pending.append(part)
        }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the state") }
    }

    private func check(_ number: UInt64, _ bytes: UInt64, _ reader: ByteReader) throws(CorruptBytes) {
        guard numbers.contains(number), bytes <= UInt64(Int64.max) else {
            throw CorruptBytes(offset: reader.position, expected: "a part of this run")
        }
    }
}
