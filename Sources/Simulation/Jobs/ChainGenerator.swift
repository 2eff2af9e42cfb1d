import HostSystem

// A random chain of two jobs: the first reads a topic and fills another, with rows or with a table; the second reads that
// one and fills a third, with a table.

struct JobChain: Sendable {
    /// What producers fill.
    var input: InputTable
    /// In the order in which they follow one another.
    var jobs: [JobShape]

    /// The topics that the jobs fill.
    var topics: [ShapeTopic] { jobs.compactMap { $0.sinks[0].topic } }
}

extension JobGenerator {
    static func chain(_ random: inout SplitMix64) -> JobChain {
        var generator = JobGenerator(random, [.parallelism, .changelogs])
        defer { random = generator.random }
        return generator.chain()
    }

    private mutating func chain() -> JobChain {
        let input = InputTable(number: 0, format: .topic, delaySeconds: nil)
        let rows = filtered(.table(input))
        let first: ShapeTopic
        if random.oneIn(2) {
            let given = random.oneIn(2) ? rows : .project(rows, items(rows.columns, keeping: 0))
            first = topic("middle", given, keyCount: 0)
        } else {
            first = keyed("middle", rows)
        }
        let second = keyed("last", filtered(.topic(first)))
        return JobChain(input: input, jobs: [job(filling: first, from: [input]), job(filling: second, from: [])])
    }

    private func job(filling topic: ShapeTopic, from tables: [InputTable]) -> JobShape {
        var sink = OutputTable(number: 0, relation: topic.relation)
        sink.topic = topic
        return JobShape(tables: tables, sinks: [sink])
    }

    private mutating func topic(_ name: String, _ relation: Relation, keyCount: Int) -> ShapeTopic {
        ShapeTopic(name: name, partitions: 1 + random.below(3), relation: relation, keyCount: keyCount)
    }

    /// Groups, by keys that are never NULL, for they are the topic's.
    private mutating func keyed(_ name: String, _ rows: Relation) -> ShapeTopic {
        var grouping = grouping(rows.columns)
        while grouping.keys.isEmpty { grouping = self.grouping(rows.columns) }
        var input = rows
        for key in grouping.keys { input = .filter(input, .not(.isNull(key))) }
        return topic(name, having(.group(input, grouping)), keyCount: grouping.keys.count)
    }
}

/// A job as several versions of it have it: they fill the same topic with other rows, or with the same.
struct VersionedJob: Sendable {
    /// What producers fill.
    var input: InputTable
    /// By number, from 1.
    var versions: [JobShape]
    var output: ShapeTopic
}

extension JobGenerator {
    static func versions(_ count: Int, _ random: inout SplitMix64) -> VersionedJob {
        var generator = JobGenerator(random, [.parallelism, .changelogs])
        defer { random = generator.random }
        return generator.versions(count)
    }

    /// Of processing time, and short enough for some to end.
    private static func clockWindow(_ random: inout SplitMix64) -> ShapeWindow {
        let slide = 1 + random.below(2)
        return ShapeWindow(time: .processing, sizeSeconds: slide * (1 + random.below(3)), slideSeconds: slide)
    }

    private mutating func versions(_ count: Int) -> VersionedJob {
        let input = InputTable(number: 0, format: .topic, delaySeconds: nil)
        let partitions = 1 + random.below(3)
        let isKeyed = !random.oneIn(4)
        var grouping = grouping(InputTable.columns)
        while grouping.keys.isEmpty { grouping = self.grouping(InputTable.columns) }
        let items = self.items(InputTable.columns, keeping: 0)
        // Drawn aside, so that what else the seed makes stays what it was.
        var aside = SplitMix64(seed: random.state ^ 0xC10C)
        let window = isKeyed && aside.oneIn(3) ? Self.clockWindow(&aside) : nil
        var versions: [JobShape] = []
        var topics: [ShapeTopic] = []
        for number in 0..<count {
            if number > 0, random.oneIn(4) {
                versions.append(versions[number - 1])
                continue
            }
            var rows = filtered(.table(input))
            // Each scan has a pace of its own.
            if aside.oneIn(3) { rows = .union([rows, .table(input)]) }
            var topic = ShapeTopic(name: "output", partitions: partitions, relation: rows, keyCount: 0)
            if isKeyed {
                var some = rows
                for key in grouping.keys { some = .filter(some, .not(.isNull(key))) }
                if let window {
                    topic.relation = .windowGroup(some, window, grouping)
                    topic.keyCount = 2 + grouping.keys.count
                } else {
                    topic.relation = .group(some, grouping)
                    topic.keyCount = grouping.keys.count
                }
            } else {
                topic.relation = .project(rows, items)
            }
            topics.append(topic)
            versions.append(job(filling: topic, from: [input]))
        }
        return VersionedJob(input: input, versions: versions, output: topics[0])
    }
}
