import Columnar
import Dataflow
import KeyedState
import Testing

@Suite struct KeyGroupRoutingTests {
    @Test(arguments: [(1, 128), (2, 128), (3, 128), (4, 128), (128, 128), (7, 10), (5, 5), (2, 3)])
    func everyKeyGroupHasOneOwner(parallelism: Int, maximum: Int) {
        var owners = [Int](repeating: -1, count: maximum)
        for subtask in 0..<parallelism {
            let groups = KeyGroupRouting.keyGroups(
                of: subtask, parallelism: parallelism, maximumParallelism: maximum)
            for group in groups {
                #expect(owners[group] == -1)
                owners[group] = subtask
            }
        }
        for (group, owner) in owners.enumerated() {
            let index = KeyGroup(index: UInt16(group))
            #expect(
                owner == KeyGroupRouting.owner(of: index, parallelism: parallelism, maximumParallelism: maximum))
        }
    }

    @Test func rowsGoToTheOwnerOfTheirKeyGroupInTheirOrder() {
        let values = (0..<1000).map { Int64($0 * 37 % 211) }
        let channels = (0..<3).map { _ in Channel(producer: Doorbell(), consumer: Doorbell()) }
        let port = OutputPort(keyed: [0], channels: channels, maximumParallelism: 128)
        for selection in [nil, (0..<500).map { Int32($0 * 2) }] {
            let batch = Batch(
                columns: [.bigint(FixedColumn(values))], rowCount: 1000, selection: selection)
            var seen: [Int32] = []
            port.route(batch) { part, channel in
                guard let target = channels.firstIndex(where: { $0 === channel }), let rows = part.selection else {
                    Issue.record("a part of a batch for one of the channels")
                    return
                }
                #expect(rows == rows.sorted())
                for row in rows {
                    let hash = KeyHash.hash(values[Int(row)])
                    let group = KeyGroup(hash: hash, maximumParallelism: 128)
                    #expect(KeyGroupRouting.owner(of: group, parallelism: 3, maximumParallelism: 128) == target)
                }
                seen += rows
            }
            #expect(seen.sorted() == selection ?? (0..<1000).map { Int32($0) })
        }
    }
}
