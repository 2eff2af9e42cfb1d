import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import Synchronization

/// A generator and its readers, driven by hand in an order that a seed gives.
struct GeneratorRun {
    let description: any SourceDescription
    var readers = 1
    var seed: UInt64 = 1
    /// Stops and goes on from the position after about so many batches.
    var batchesPerRun = Int.max
    var settings = JobSettings()

    struct Given: Hashable {
        var number: Int64
        var text: String
        var ownWatermark: Int64?
    }

    /// All rows in the order of their numbers, and the last watermark. Time passes where everybody waits.
    func rows(upTo most: Int = .max) throws -> (rows: [Given], watermark: WatermarkStatus?, waits: Int) {
        var random = SplitMix64(seed: seed)
        let time = SimulatedTime()
        var given: [Given] = []
        var waits = 0
        var position: [UInt8]?
        while true {
            let (input, all) = try begin(time, from: position)
            var active = Array(all.indices)
            var waiting: Set<Int> = []
            var batches = 0
            while !active.isEmpty, batches < batchesPerRun, given.count < most {
                if waiting.count == active.count {
                    waits += 1
                    time.advance(milliseconds: 1 + Int64(random.below(80)))
                    try input.look()
                    waiting = []
                }
                let reader = active[random.below(active.count)]
                switch try all[reader].read() {
                case .batch(let batch):
                    batches += 1
                    given += Self.rows(of: batch)
                    waiting = []
                case .nothing: waiting = []
                case .waiting: waiting.insert(reader)
                case .exhausted:
                    active.removeAll { $0 == reader }
                    waiting = []
                }
            }
            if active.isEmpty || given.count >= most {
                return (given.sorted { $0.number < $1.number }, all[0].watermark, waits)
            }
            position = try input.position()
            time.advance(milliseconds: 10_000)
        }
    }

    private func begin(_ time: SimulatedTime, from position: [UInt8]?) throws -> (any SourceInput, [any Source]) {
        var context = try LinkContext.alone(settings: settings)
        context.time = time
        context.parallelism = readers
        let input = try description.makeInput(context)
        try input.restore(from: position)
        let all = try (0..<readers).map { reader in
            context.subtask = UInt32(reader)
            return try input.makeReader(context)
        }
        return (input, all)
    }

    private static func rows(of batch: Batch) -> [Given] {
        (0..<batch.rowCount).map { row in
            Given(
                number: batch.origin?.lines[row] ?? 0,
                text: batch.columns.map { RowReader.text($0, row) }.joined(separator: ","),
                ownWatermark: batch.rowWatermarks?[row])
        }
    }
}

/// The first batches of a source with one reader.
func generatedBatches(_ description: any SourceDescription, _ settings: JobSettings = JobSettings()) throws -> [Batch] {
    let context = try LinkContext.alone(settings: settings)
    let input = try description.makeInput(context)
    try input.restore(from: nil)
    let reader = try input.makeReader(context)
    var batches: [Batch] = []
    while true {
        switch try reader.read() {
        case .batch(let batch): batches.append(batch)
        case .nothing: continue
        case .waiting, .exhausted: return batches
        }
    }
}
