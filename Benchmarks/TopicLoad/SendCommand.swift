import ArgumentParser
import Columnar
import Dataflow
import Glibc
import HostSystem
import Operators

/// Rows `k BIGINT, sent BIGINT` at a steady rate.
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "send")

    @Argument var directory: String
    @Argument var topic: String
    @Option(help: "Rows a second.") var rate: Int
    @Option var seconds: Int
    @Option(name: .customLong("keys"), help: "How many different values k has.") var keyCount = 100_000
    @Option(help: "Rows of a publish; 0: all that are due.") var rowsPerPublish = 0

    func run() throws {
        let producer = try TopicProducer(topic, in: TopicLoadCommand.open(directory))
        let time = SystemTime()
        let began = time.monotonicNanoseconds()
        let total = rate * seconds
        var random = SplitMix64(seed: UInt64(getpid()))
        var sent = 0
        var publishes = 0
        while sent < total {
            let passed = time.monotonicNanoseconds() - began
            let due = min(total, Int(Int128(passed) * Int128(rate) / 1_000_000_000))
            guard sent < due else {
                usleep(200)
                continue
            }
            let count = rowsPerPublish == 0 ? min(due - sent, 50_000) : min(due - sent, rowsPerPublish)
            var keys = [Int64](repeating: 0, count: count)
            var dues = keys
            for row in 0..<count {
                keys[row] = Int64(random.below(keyCount))
                dues[row] = began + Int64(Int128(sent + row) * 1_000_000_000 / Int128(rate))
            }
            let columns: [Column] = [.bigint(FixedColumn(keys)), .bigint(FixedColumn(dues))]
            try producer.append(Batch(columns: columns, rowCount: count))
            try producer.publish()
            sent += count
            publishes += 1
        }
        let wall = Double(time.monotonicNanoseconds() - began) / 1e9
        print("sent \(sent) rows in \(publishes) publishes, \(Int(Double(publishes) / wall)) publishes/s, \(wall) s")
    }
}
