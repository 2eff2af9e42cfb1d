import CommitLog
import HostSystem

/// What a checkpoint knows beside the keyed state: where the sources stand, what the sinks hold, which plan made it.
/// Bytes: `Docs/Formats/delta-log.md`.
package struct CheckpointRecord: Equatable, Sendable {
    /// What one subtask of an operator handed over at the barrier, in a format of its own.
    package struct OperatorPart: Equatable, Sendable {
        package var operatorID: UInt32
        package var subtask: UInt32
        package var bytes: [UInt8]

        package init(operatorID: UInt32, subtask: UInt32, bytes: [UInt8]) {
            self.operatorID = operatorID
            self.subtask = subtask
            self.bytes = bytes
        }

        fileprivate var order: (UInt32, UInt32) { (operatorID, subtask) }
    }

    package var number: UInt64
    package var run: RunID
    package var fingerprint: String
    /// The plan behind the fingerprint, one line an operator, so that a changed plan can name what changed.
    package var planLines: [String]
    /// All inputs have ended and everything they gave is in this checkpoint.
    package var isFinished: Bool
    package var maximumParallelism: Int
    package var journalMilliseconds: Int64
    package var wallMilliseconds: Int64
    /// At most one for each operator and subtask.
    package var parts: [OperatorPart]

    package init(
        number: UInt64, run: RunID, fingerprint: String, planLines: [String] = [], isFinished: Bool = false,
        maximumParallelism: Int = KeyGroup.defaultMaximumParallelism, journalMilliseconds: Int64 = 0,
        wallMilliseconds: Int64 = 0, parts: [OperatorPart] = []
    ) {
        self.number = number
        self.run = run
        self.fingerprint = fingerprint
        self.planLines = planLines
        self.isFinished = isFinished
        self.maximumParallelism = maximumParallelism
        self.journalMilliseconds = journalMilliseconds
        self.wallMilliseconds = wallMilliseconds
        self.parts = parts
    }

    package func part(of operatorID: UInt32, subtask: UInt32) -> [UInt8]? {
        parts.first { $0.operatorID == operatorID && $0.subtask == subtask }?.bytes
    }
}

extension CheckpointRecord {
    private static let version: UInt8 = 1

    package func encode(to writer: inout ByteWriter) {
        writer.write(CheckpointRecord.version)
        writer.write(number)
        run.encode(to: &writer)
        writer.writeString(fingerprint)
        writer.writeVarint(UInt64(planLines.count))
        for line in planLines { writer.writeString(line) }
        writer.write(isFinished)
        writer.write(UInt32(maximumParallelism))
        writer.write(journalMilliseconds)
        writer.write(wallMilliseconds)
        let sorted = parts.sorted { $0.order < $1.order }
        writer.writeVarint(UInt64(sorted.count))
        for (i, part) in sorted.enumerated() {
            precondition(i == 0 || sorted[i - 1].order < part.order, "an operator's subtask has one part in a record")
            writer.write(part.operatorID)
            writer.write(part.subtask)
            writer.writeBytes(part.bytes)
        }
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        guard try reader.read(UInt8.self, "record version") == CheckpointRecord.version else {
            throw CorruptBytes(offset: 0, expected: "record version \(CheckpointRecord.version)")
        }
        number = try reader.read(UInt64.self, "checkpoint number")
        run = try RunID(from: &reader)
        fingerprint = try reader.readString("fingerprint")
        planLines = []
        for _ in 0..<(try reader.readCount("number of plan lines", smallestBytes: 1)) {
            planLines.append(try reader.readString("plan line"))
        }
        isFinished = try reader.readBool()
        let offset = reader.position
        maximumParallelism = Int(try reader.read(UInt32.self, "maximum parallelism"))
        guard 1...KeyGroup.largestMaximumParallelism ~= maximumParallelism else {
            throw CorruptBytes(offset: offset, expected: "maximum parallelism up to 32768")
        }
        journalMilliseconds = try reader.read(Int64.self, "journal time")
        wallMilliseconds = try reader.read(Int64.self, "wall time")
        parts = []
        for _ in 0..<(try reader.readCount("number of operator parts", smallestBytes: 9)) {
            let part = OperatorPart(
                operatorID: try reader.read(UInt32.self, "operator"), subtask: try reader.read(UInt32.self, "subtask"),
                bytes: Array(try reader.readBytes("operator part")))
            guard parts.last.map({ $0.order < part.order }) ?? true else {
                throw CorruptBytes(offset: reader.position, expected: "operator parts in ascending order")
            }
            parts.append(part)
        }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of checkpoint record") }
    }
}

extension ByteReader {
    /// A count of things that take at least `smallestBytes` each: never more than what is left could hold.
    fileprivate mutating func readCount(_ what: String, smallestBytes: Int) throws(CorruptBytes) -> Int {
        let start = position - bytes.startIndex
        let count = try readVarint(what)
        guard count <= UInt64(remaining / smallestBytes) else { throw CorruptBytes(offset: start, expected: what) }
        return Int(count)
    }
}
