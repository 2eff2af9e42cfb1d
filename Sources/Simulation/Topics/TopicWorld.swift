// What the processes of a topic simulation do, each with its own chances, on the real producers, consumers, journal and
// segments. An error ends a process, if it is one that may be met.

import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

/// What all processes of a simulation have in common.
struct TopicWorld: Sendable {
    let truth = TopicTruth()
    let log: SimulatedLog
    private let names: [String]

    init(_ random: inout SplitMix64, _ safeguards: Safeguards) {
        names = Array(["clicks", "orders", "users"][..<(1 + random.below(2))])
        log = SimulatedLog(&random, SimulatedTime(), safeguards)
    }

    /// Whether a process may meet this.
    private func judge(_ error: JobFailure, _ process: SimulatedProcess, topic: String? = nil) {
        if process.files.isDead { return }
        switch error.kind {
        case .world where process.files.metFaults: return
        case .conflict where error.message.contains("is being written by another process"): return
        // Another process publishes under the same name.
        case .conflict where error.message.hasPrefix("producer \""): return
        case .conflict where topic.map { truth.shortened.contains($0) } ?? false && error.message.contains(" are gone"):
            return
        case .conflict where topic.map { truth.mortal.contains($0) || truth.created[$0] == nil } ?? false: return
        default: truth.lie("\(process.name) fails: \(error.kind) \(error.message) \(error.detail ?? "")")
        }
    }
}

extension TopicWorld {
    // MARK: Producing

    /// - Parameter id: of an idempotent producer.
    func produce(_ process: SimulatedProcess, _ seed: UInt64, id: String?, publishes: Int? = nil) {
        var random = SplitMix64(seed: seed)
        let name = names[random.below(names.count)]
        do throws(JobFailure) {
            let background = SimulatedBackground()
            let log = try log.open(process.files, background)
            let told = truth.told
            let producer = try TopicProducer(name, id: id, in: log)
            if let id { truth.begins(id, in: producer.topic.id, after: producer.lastRecord, told: told) }
            for _ in 0..<(publishes ?? 1 + random.below(6)) {
                try publish(producer, id, &random)
                process.files.promised()
                while background.hasWork, random.oneIn(2) { background.step() }
                if random.oneIn(3) { process.rest(turns: random.below(30)) }
            }
            if random.oneIn(2) { producer.finish() }
            if let failure = producer.upkeepFailure { throw failure }
        } catch {
            judge(error, process, topic: name)
        }
    }

    private func publish(
        _ producer: TopicProducer, _ id: String?, _ random: inout SplitMix64
    ) throws(JobFailure) {
        let number = truth.begin(producer.topic, producer: id, columns: producer.fields)
        var record = id == nil ? 0 : (producer.lastRecord ?? 0) + 1
        var place = 0
        for _ in 0..<(1 + random.below(3)) {
            let rows = (0..<(1 + random.below(6))).map { index in
                TopicRow(publish: number, place: place + index, record: id == nil ? 0 : record + UInt64(index))
            }
            truth.add(rows: rows.count, to: number)
            place += rows.count
            if id != nil { record += UInt64(rows.count) }
            try producer.append(TopicRow.batch(rows, producer.fields))
        }
        let last = id == nil ? nil : record - 1
        truth.handOver(number)
        do throws(JobFailure) {
            try producer.publish(last: last)
        } catch {
            if error.kind == .conflict { truth.refused(number) }
            throw error
        }
        truth.acknowledge(number, last: last)
    }

    // MARK: Administering

    /// - Parameter drops: gives up old rows.
    func administer(_ process: SimulatedProcess, _ seed: UInt64, deletes: Bool, drops: Bool) {
        var random = SplitMix64(seed: seed)
        let name = names[random.below(names.count)]
        do throws(JobFailure) {
            let log = try log.open(process.files)
            for _ in 0..<(1 + random.below(3)) {
                try administer(name, deletes: deletes, drops: drops, &random, log)
                process.rest(turns: random.below(30))
            }
        } catch {
            judge(error, process, topic: name)
        }
    }

    private func administer(
        _ name: String, deletes: Bool, drops: Bool, _ random: inout SplitMix64, _ log: CommitLogAccess
    ) throws(JobFailure) {
        let topics = try TopicAdmin.list(in: log)
        guard let topic = topics.first(where: { $0.name == name }) else { return try create(name, &random, log) }
        if deletes, random.oneIn(3) {
            truth.deleting(name)
            try TopicAdmin.delete(name, in: log)
        } else if drops, random.oneIn(2) {
            try drop(topic, &random, log)
        } else if topic.schemas.count < 4 {
            try TopicAdmin.add([TopicRow.added(topic.schemas.count)], to: name, in: log)
        }
    }

    /// Of each partition some of the first rows, perhaps all.
    private func drop(_ topic: Topic, _ random: inout SplitMix64, _ log: CommitLogAccess) throws(JobFailure) {
        var dropped: [OffsetRange] = []
        for (number, partition) in topic.partitions.enumerated() {
            let count = Int(partition.publishedEnd - partition.firstKept)
            guard count > 0, random.oneIn(2) else { continue }
            dropped.append(
                OffsetRange(
                    partition: topic.partition(number), start: partition.firstKept,
                    end: partition.firstKept + 1 + UInt64(random.below(count))))
        }
        guard !dropped.isEmpty else { return }
        truth.dropping(topic.name)
        try log.append(.retentionMoved(dropped))
    }

    func createAll(_ process: SimulatedProcess, _ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        do throws(JobFailure) {
            let log = try log.open(process.files)
            for name in names { try create(name, &random, log) }
        } catch {
            judge(error, process)
        }
    }

    private func create(_ name: String, _ random: inout SplitMix64, _ log: CommitLogAccess) throws(JobFailure) {
        let schema: TopicSchema
        do throws(TopicSchemaMistake) {
            schema = try TopicSchema(fields: TopicRow.first, key: random.oneIn(3) ? ["k"] : [])
        } catch {
            preconditionFailure("\(error)")
        }
        let topic = try TopicAdmin.create(
            name, schema: schema, partitions: UInt32(1 + random.below(4)),
            options: TopicOptions(compression: random.oneIn(2) ? .none : .lz4),
            random: SimulatedRandom(seed: random.next()), in: log)
        truth.made(topic)
    }

    // MARK: Reading

    func consume(_ process: SimulatedProcess, _ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let name = names[random.below(names.count)]
        do throws(JobFailure) {
            let log = try log.open(process.files)
            var before = truth.acknowledgedCount
            let columns = random.oneIn(2) ? nil : ["record", "publish", "place"] + (random.oneIn(2) ? ["text"] : [])
            let consumer = try TopicConsumer(name, columns: columns, in: log)
            if random.oneIn(3) { seek(consumer, &random) }
            var view = TopicView(consumer, reader: process.name)
            for _ in 0..<(1 + random.below(8)) {
                try readOn(consumer, &view)
                truth.end(view, acknowledgedBefore: before)
                if random.oneIn(4) { try readAgain(consumer, process.name, &random) }
                process.rest(turns: random.below(40))
                before = truth.acknowledgedCount
                _ = try consumer.wait(timeoutMilliseconds: 0)
            }
        } catch {
            judge(error, process, topic: name)
        }
    }

    private func seek(_ consumer: TopicConsumer, _ random: inout SplitMix64) {
        for number in consumer.positions.indices {
            let partition = consumer.topic.partitions[number]
            let count = Int(partition.publishedEnd - partition.firstKept)
            consumer.seek(number, to: partition.firstKept + UInt64(random.below(count + 1)))
        }
    }

    /// To the end of what the consumer knows of.
    private func readOn(_ consumer: TopicConsumer, _ view: inout TopicView) throws(JobFailure) {
        let names = consumer.fields.map(\.name)
        while let rows = try consumer.next() {
            truth.see(rows, names, by: &view)
            if truth.lie != nil { return }
        }
    }

    /// Some of what was read before; ends where it began.
    private func readAgain(
        _ consumer: TopicConsumer, _ reader: String, _ random: inout SplitMix64
    ) throws(JobFailure) {
        seek(consumer, &random)
        var view = TopicView(consumer, reader: reader)
        try readOn(consumer, &view)
    }

    /// All that a topic has, as somebody sees it who comes when nothing happens any more.
    func readAll(_ process: SimulatedProcess) {
        do throws(JobFailure) {
            let log = try log.open(process.files)
            for name in names { try readAll(name, log, reader: process.name) }
        } catch {
            judge(error, process)
        }
    }

    private func readAll(_ name: String, _ log: CommitLogAccess, reader: String) throws(JobFailure) {
        let state = try log.settled()
        guard let topic = state.topic(named: name) else {
            if truth.created[name] != nil { truth.lie("topic \(name) was made, and is not there") }
            return
        }
        if let made = truth.created[name], made != topic.id { truth.lie("topic \(name) is another one than was made") }
        let consumer = try TopicConsumer(name, in: log)
        var view = TopicView(consumer, reader: reader)
        try readOn(consumer, &view)
        truth.end(view, acknowledgedBefore: truth.acknowledgedCount)
        if view.isWhole { truth.checkProducers(view, topic) }
    }
}
