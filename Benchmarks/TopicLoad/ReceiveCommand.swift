import ArgumentParser
import Columnar
import Dataflow
import HostSystem
import Operators

/// Follows a topic from its end, and prints how old its rows are when they are read: now less their column `sent`.
struct ReceiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "receive")

    @Argument var directory: String
    @Argument var topic: String
    @Option(help: "Stops when nothing has come for so long.") var quietSeconds = 5
    @Option(help: "Of the first rows nothing is counted.") var warmupSeconds = 2

    func run() throws {
        let consumer = try TopicConsumer(topic, columns: ["sent"], in: TopicLoadCommand.open(directory))
        consumer.seekToEnd()
        let time = SystemTime()
        // By tens of microseconds; the last one: longer.
        var ages = [Int](repeating: 0, count: 1_000_001)
        var first: Int64?
        var last: Int64?
        let began = time.monotonicNanoseconds()
        while true {
            guard try consumer.wait(timeoutMilliseconds: 1000) else {
                let quiet = time.monotonicNanoseconds() - (last ?? began)
                if quiet > Int64(last == nil ? 60 : quietSeconds) * 1_000_000_000 { break }
                continue
            }
            last = time.monotonicNanoseconds()
            while let rows = try consumer.next() {
                let now = time.monotonicNanoseconds()
                let began = first ?? now
                first = began
                guard now - began > Int64(warmupSeconds) * 1_000_000_000 else { continue }
                let kinds = rows.batch.rowKinds
                guard case .bigint(let column) = rows.batch.columns[0] else { throw ValidationError("sent BIGINT") }
                for (row, sent) in column.values.enumerated() {
                    // What is taken back is as old as the change before it.
                    if let kinds, kinds[row] == .updateBefore || kinds[row] == .delete { continue }
                    ages[min(ages.count - 1, Int(max(0, now - sent) / 10_000))] += 1
                }
            }
        }
        let count = ages.reduce(0, +)
        func quantile(_ share: Double) -> String {
            var left = Int(Double(count) * share)
            let index = ages.firstIndex { bucket in
                left -= bucket
                return left <= 0
            }
            return "\(Double(index ?? 0) / 100) ms"
        }
        print(
            "\(count) rows: p50 \(quantile(0.5)), p99 \(quantile(0.99)), p99.9 \(quantile(0.999)), max \(quantile(1))")
    }
}
