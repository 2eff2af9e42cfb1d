import HostSystem

extension JournalEntry {
    /// What an entry says. Each has a condition, which `Journal.append` lists.
    package enum Body: Equatable, Sendable {
        /// A job's run has reached a checkpoint, and everything that belongs to it exists from here on: its state, and
        /// the rows it has written.
        /// `deployed`: of a version of a deployed job, whose name is the version's.
        case checkpoint(
            job: String, run: RunID, CommittedCheckpoint, published: [OffsetRange] = [], deployed: DeployedEpoch? = nil)
        /// A job's run has been given up: the next one starts from nothing.
        case abandoned(job: String, run: RunID)
        /// These rows exist from here on, all of them at once.
        case published([OffsetRange], producer: ProducerMark? = nil)
        case topicCreated(TopicDescription)
        case schemaAdded(TopicID, schemaID: UInt32, schema: [UInt8])
        case topicDeleted(TopicID)
        /// The topic has these options instead of those before.
        case optionsChanged(TopicID, options: [UInt8])
        /// These rows are gone.
        case retentionMoved([OffsetRange])
        /// Time has passed.
        case tick
        /// A version of a job exists from here on, and its topics; the first one is live, and the published names begin with it.
        case deployed(VersionRegistration)
        /// A switch of versions begins. `withoutFrom`: what is live is not waited for, because it has died.
        case attempt(job: String, from: UInt32, to: UInt32, timeoutMilliseconds: UInt32, withoutFrom: Bool)
        /// From here on the attempt's new version is live, and the names go on in its topics. The point of no return.
        case spliced(job: String, attempt: UInt64, [NameSplice])
        /// The attempt was given up; nothing has happened.
        case released(job: String, attempt: UInt64)
        /// The version never runs again.
        case retired(VersionName)

        /// The rows that exist from this entry on.
        package var published: [OffsetRange] {
            switch self {
            case .checkpoint(_, _, _, let ranges, _), .published(let ranges, _): ranges
            default: []
            }
        }
    }
}

extension JournalEntry.Body {
    func encode(to writer: inout ByteWriter) {
        switch self {
        case .checkpoint(let job, let run, let checkpoint, let ranges, let epoch):
            writer.write(UInt8(1))
            writer.writeString(job)
            run.encode(to: &writer)
            checkpoint.encode(to: &writer)
            ranges.encode(to: &writer)
            writer.write(epoch != nil)
            epoch?.encode(to: &writer)
        case .abandoned(let job, let run):
            writer.write(UInt8(2))
            writer.writeString(job)
            run.encode(to: &writer)
        case .published(let ranges, let producer):
            writer.write(UInt8(3))
            ranges.encode(to: &writer)
            writer.write(producer != nil)
            producer?.encode(to: &writer)
        case .topicCreated(let description):
            writer.write(UInt8(4))
            description.encode(to: &writer)
        case .schemaAdded(let topic, let schemaID, let schema):
            writer.write(UInt8(5))
            topic.encode(to: &writer)
            writer.write(schemaID)
            writer.writeBytes(schema)
        case .topicDeleted(let topic):
            writer.write(UInt8(6))
            topic.encode(to: &writer)
        case .retentionMoved(let ranges):
            writer.write(UInt8(7))
            ranges.encode(to: &writer)
        case .tick:
            writer.write(UInt8(8))
        case .optionsChanged(let topic, let options):
            writer.write(UInt8(9))
            topic.encode(to: &writer)
            writer.writeBytes(options)
        case .deployed(let registration):
            writer.write(UInt8(10))
            registration.encode(to: &writer)
        case .attempt(let job, let from, let to, let timeout, let withoutFrom):
            writer.write(UInt8(11))
            writer.writeString(job)
            DeploymentState.Attempt(
                number: 0, from: from, to: to, timeoutMilliseconds: timeout, withoutFrom: withoutFrom
            ).encodePlan(to: &writer)
        case .spliced(let job, let attempt, let splices):
            writer.write(UInt8(12))
            writer.writeString(job)
            writer.write(attempt)
            writer.writeVarint(UInt64(splices.count))
            for splice in splices { splice.encode(to: &writer) }
        case .released(let job, let attempt):
            writer.write(UInt8(13))
            writer.writeString(job)
            writer.write(attempt)
        case .retired(let version):
            writer.write(UInt8(14))
            writer.writeString(version.job)
            writer.write(version.number)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        switch try reader.read(UInt8.self, "kind") {
        case 1:
            self = .checkpoint(
                job: try reader.readString("job"), run: try RunID(from: &reader),
                try CommittedCheckpoint(from: &reader), published: try [OffsetRange](from: &reader),
                deployed: try reader.readBool() ? try DeployedEpoch(from: &reader) : nil)
        case 2:
            self = .abandoned(job: try reader.readString("job"), run: try RunID(from: &reader))
        case 3:
            let ranges = try [OffsetRange](from: &reader)
            self = .published(ranges, producer: try reader.readBool() ? try ProducerMark(from: &reader) : nil)
        case 4:
            self = .topicCreated(try TopicDescription(from: &reader))
        case 5:
            self = .schemaAdded(
                try TopicID(from: &reader), schemaID: try reader.read(UInt32.self, "schema's number"),
                schema: Array(try reader.readBytes("schema")))
        case 6:
            self = .topicDeleted(try TopicID(from: &reader))
        case 7:
            self = .retentionMoved(try [OffsetRange](from: &reader))
        case 8:
            self = .tick
        case 9:
            self = .optionsChanged(try TopicID(from: &reader), options: Array(try reader.readBytes("options")))
        case 10:
            self = .deployed(try VersionRegistration(from: &reader))
        case 11:
            let job = try reader.readString("job")
            let plan = try DeploymentState.Attempt(number: 0, planFrom: &reader)
            self = .attempt(
                job: job, from: plan.from, to: plan.to, timeoutMilliseconds: plan.timeoutMilliseconds,
                withoutFrom: plan.withoutFrom)
        case 12:
            self = .spliced(
                job: try reader.readString("job"), attempt: try reader.read(UInt64.self, "attempt"),
                try [NameSplice](from: &reader))
        case 13:
            self = .released(job: try reader.readString("job"), attempt: try reader.read(UInt64.self, "attempt"))
        case 14:
            self = .retired(
                VersionName(try reader.readString("job"), try reader.read(UInt32.self, "version")))
        default:
            throw CorruptBytes(offset: reader.position - 1, expected: "a known kind of entry")
        }
    }
}

extension [OffsetRange] {
    fileprivate func encode(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(count))
        for range in self { range.encode(to: &writer) }
    }

    fileprivate init(from reader: inout ByteReader) throws(CorruptBytes) {
        self = []
        var left = try reader.readVarint("number of ranges")
        while left > 0 {
            append(try OffsetRange(from: &reader))
            left -= 1
        }
    }
}
