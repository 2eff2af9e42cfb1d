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
