import HostSystem

/// A deployed job as of one journal position: its versions, their roles, and the switch that goes on, if one does.
package struct DeploymentState: Equatable, Sendable {
    package struct Version: Equatable, Sendable {
        package struct Output: Equatable, Sendable {
            package var name: String
            package var nameID: TopicID
            package var topic: TopicID
        }

        package var inputs: [TopicID]
        package var outputs: [Output]
        /// Of its checkpoint 0: tables of versions that began at different places do not compare. nil: it has none yet.
        package var start: InputPosition?
        /// Of its last checkpoint.
        package var position: InputPosition?
        /// The attempt for which it stood still at its last checkpoint.
        package var holds: UInt64?
        /// It never runs again.
        package var isRetired = false
    }

    package struct Attempt: Equatable, Sendable {
        package enum Outcome: UInt8, Sendable {
            case open, spliced, released
        }

        /// Of its journal entry: no number is used twice.
        package var number: UInt64
        package var from: UInt32
        package var to: UInt32
        /// For so long a version stands still for it, before it may release it.
        package var timeoutMilliseconds: UInt32
        /// `from` is not waited for: its last commit is the cut.
        package var withoutFrom: Bool
        package var outcome = Outcome.open
    }

    package internal(set) var versions: [UInt32: Version] = [:]
    package internal(set) var live: UInt32
    /// What was live before: what a rollback goes back to.
    package internal(set) var previous: UInt32?
    /// How often the roles have changed.
    package internal(set) var generation: UInt64 = 0
    /// The sequence number of the entry that changed them last; nil: the first version is live.
    package internal(set) var splicedAt: UInt64?
    /// The newest one.
    package internal(set) var attempt: Attempt?
    /// For everything that any version reads, where the live version's last checkpoint stands: no other version reads on
    /// from there. Of topics that the live version does not read: what was published then.
    package internal(set) var cut = InputPosition()

    init(live: UInt32) { self.live = live }

    package var openAttempt: Attempt? { attempt.flatMap { $0.outcome == .open ? $0 : nil } }

    /// Where the version stands when it has read all that it may.
    package func limit(of version: UInt32) -> InputPosition { cut.of(versions[version]?.inputs ?? []) }

    /// The version has read all that it may; one that has not begun stands where it would begin.
    package func stands(_ version: UInt32) -> Bool {
        let limit = limit(of: version)
        return (versions[version]?.position ?? limit) == limit
    }

    /// The open attempt for which the version moves no further: it has said that it stands still, or it is left without being
    /// asked, and its last commit is the cut.
    package func attemptHolding(_ version: UInt32) -> Attempt? {
        guard let attempt = openAttempt else { return nil }
        let isLeft = attempt.withoutFrom && attempt.from == version
        return isLeft || versions[version]?.holds == attempt.number ? attempt : nil
    }

    // MARK: Bytes

    func encode(to writer: inout ByteWriter) {
        writer.write(live)
        writer.write(previous ?? 0)
        writer.write(generation)
        writer.write(splicedAt != nil)
        if let splicedAt { writer.write(splicedAt) }
        cut.encode(to: &writer)
        writer.write(attempt != nil)
        if let attempt {
            writer.write(attempt.number)
            attempt.encodePlan(to: &writer)
            writer.write(attempt.outcome.rawValue)
        }
        writer.writeVarint(UInt64(versions.count))
        for (number, version) in versions.sorted(by: { $0.key < $1.key }) {
            writer.write(number)
            version.encode(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        live = try reader.read(UInt32.self, "live version")
        let previous = try reader.read(UInt32.self, "previous version")
        self.previous = previous == 0 ? nil : previous
        generation = try reader.read(UInt64.self, "generation")
        splicedAt = try reader.readBool() ? try reader.read(UInt64.self, "switch") : nil
        cut = try InputPosition(from: &reader)
        if try reader.readBool() {
            let number = try reader.read(UInt64.self, "attempt")
            attempt = try Attempt(number: number, planFrom: &reader)
            guard let outcome = Attempt.Outcome(rawValue: try reader.read(UInt8.self, "outcome")) else {
                throw CorruptBytes(offset: reader.position - 1, expected: "how the attempt has ended")
            }
            attempt?.outcome = outcome
        }
        var left = try reader.readVarint("number of versions")
        while left > 0 {
            let number = try reader.read(UInt32.self, "version")
            versions[number] = try Version(from: &reader)
            left -= 1
        }
    }
}

extension DeploymentState.Attempt {
    func encodePlan(to writer: inout ByteWriter) {
        writer.write(from)
        writer.write(to)
        writer.write(timeoutMilliseconds)
        writer.write(withoutFrom)
    }

    init(number: UInt64, planFrom reader: inout ByteReader) throws(CorruptBytes) {
        self.init(
            number: number, from: try reader.read(UInt32.self, "version"), to: try reader.read(UInt32.self, "version"),
            timeoutMilliseconds: try reader.read(UInt32.self, "time-out"), withoutFrom: try reader.readBool())
    }
}

extension DeploymentState.Version {
    fileprivate func encode(to writer: inout ByteWriter) {
        inputs.encode(to: &writer)
        writer.writeVarint(UInt64(outputs.count))
        for output in outputs {
            writer.writeString(output.name)
            output.nameID.encode(to: &writer)
            output.topic.encode(to: &writer)
        }
        for position in [start, position] {
            writer.write(position != nil)
            position?.encode(to: &writer)
        }
        writer.write(holds != nil)
        if let holds { writer.write(holds) }
        writer.write(isRetired)
    }

    fileprivate init(from reader: inout ByteReader) throws(CorruptBytes) {
        inputs = try [TopicID](from: &reader)
        outputs = []
        var left = try reader.readVarint("number of outputs")
        while left > 0 {
            outputs.append(
                Output(
                    name: try reader.readString("name"), nameID: try TopicID(from: &reader),
                    topic: try TopicID(from: &reader)))
            left -= 1
        }
        start = try reader.readBool() ? try InputPosition(from: &reader) : nil
        position = try reader.readBool() ? try InputPosition(from: &reader) : nil
        holds = try reader.readBool() ? try reader.read(UInt64.self, "attempt") : nil
        isRetired = try reader.readBool()
    }
}
