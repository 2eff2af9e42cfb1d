import Columnar
import Dataflow
import HostSystem
import Operators

// COUNT(*) per auction over a stream like Nexmark's bids: 9,200 a second of event time, half of them on one of a few hot
// auctions, the others on the hundred last ones. An epoch every 64 batches; what is sent is left.

@Sendable func measureWindows() {
    let batches = bids(batchCount: 500)
    let place = SourcePlace(line: 1, column: 1, text: "COUNT(*)")
    let call = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: place)
    let allotment = StateAllotment(store: nil, limitBytes: 1 << 30)
    measureKeyed("count per auction", batches) {
        GroupAggregate(
            GroupAggregateDescription(
                operatorID: 1, keys: [0], keyTypes: [.bigint], calls: [call], argumentTypes: [.bigint]), allotment)
    }
    let windows: [(String, WindowAssigner)] = [
        ("tumbling count, 10 s", .tumble(size: 10_000)), ("hopping count, 10 s / 2 s", .hop(size: 10_000, slide: 2000)),
        ("hopping count, 60 s / 1 s", .hop(size: 60_000, slide: 1000)),
    ]
    for (name, assigner) in windows {
        measureKeyed(name, batches) {
            WindowAggregate(
                WindowAggregateDescription(
                    operatorID: 1, name: name, window: .assigned(assigner), time: .event(column: 1), keys: [0],
                    keyTypes: [.bigint], calls: [call], argumentTypes: [.bigint],
                    outputs: [.key(0), .call(0), .windowStart, .windowEnd]), allotment)
        }
    }
}

private func bids(batchCount: Int) -> [Batch] {
    var random = SplitMix64(seed: 5)
    return (0..<batchCount).map { batch in
        let times = (0..<rowCount).map { Int64((batch * rowCount + $0) * 10 / 92) }
        let auctions = (0..<rowCount).map { row -> Int64 in
            let newest = (batch * rowCount + row) * 6 / 92
            return Int64(random.oneIn(2) ? newest / 100 * 100 : max(0, newest - random.below(100)))
        }
        return Batch(
            columns: [.bigint(FixedColumn(auctions)), .timestamp(FixedColumn(times))], rowCount: rowCount,
            rowWatermarks: times.map { $0 - 4000 })
    }
}

private func measureKeyed(_ name: String, _ batches: [Batch], _ make: () -> any KeyedOperator) {
    let rows = batches.count * rowCount
    let clock = ContinuousClock()
    var best = Double.infinity
    var sent = 0
    for _ in 0..<3 {
        let op = make()
        sent = 0
        let start = clock.now
        do {
            for (index, batch) in batches.enumerated() {
                try op.accumulate(batch)
                try op.advance(to: batch.rowWatermarks?.last ?? 0)
                while let due = try op.drain(.watermark) { sent += due.rowCount }
                guard index % 64 == 63 else { continue }
                while let due = try op.drain(.barrier) { sent += due.rowCount }
                use(try op.snapshot(UInt64(index)))
                use(try op.settle(materialised: nil))
            }
        } catch {
            preconditionFailure("\(error)")
        }
        let passed = clock.now - start
        best = min(best, Double(passed.components.seconds) * 1e9 + Double(passed.components.attoseconds) * 1e-9)
    }
    print(
        name + String(repeating: " ", count: max(1, 44 - name.count))
            + "\(Int((best / Double(rows)).rounded())) ns/row, \(sent * 100 / rows) rows out of 100")
}
