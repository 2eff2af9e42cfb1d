import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import Testing

// Random files, read by readers in a random order, in splits of random size, stopped at random places and started again
// with another number of readers: every row once, with the line and the own watermark that a plain reading finds, and
// never behind a watermark that was seen.

@Suite struct FileSourceModelTests {
    @Test(arguments: 0..<200) func anyScheduleGivesTheSame(seed: Int) throws {
        var model = try FileModel(seed: UInt64(seed))
        try model.run()
    }
}

private struct FileModel {
    private let seed: UInt64
    private var random: SplitMix64
    private let files = SimulatedFileSystem()
    private let isCSV: Bool
    private let hasHeader: Bool
    private var contents: [String: [UInt8]] = [:]
    private var expected: Set<GivenRow> = []
    private var given: Set<GivenRow> = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SplitMix64(seed: seed)
        isCSV = random.oneIn(3)
        hasHeader = random.oneIn(2)
        for file in 0...random.below(4) { makeFile("in/\(file)") }
    }

    // MARK: Files

    private mutating func makeFile(_ path: String) {
        var bytes: [UInt8] = random.oneIn(4) ? [0xEF, 0xBB, 0xBF] : []
        var line: Int64 = 1
        var greatest = Int64.min
        let count = random.below(40)
        if isCSV, hasHeader, count > 0 {
            bytes += Array("a,note,t\n".utf8)
            line += 1
        }
        for row in 0..<count {
            while !isCSV, random.oneIn(10) {
                bytes.append(0x0A)
                line += 1
            }
            let time = Int64(random.below(1000))
            let a = random.below(100_000)
            let stamp = "1970-01-01 00:00:00.\(String(1000 + time).dropFirst())"
            // Now and then longer than several splits.
            var filler = String(repeating: "x", count: random.oneIn(8) ? random.below(900) : random.below(12))
            let first = line
            if isCSV {
                if random.oneIn(4) {
                    filler += "\n\"\"\n,"
                    line += 2
                }
                bytes += Array("\(a),\"\(filler)\",\(stamp)".utf8)
            } else {
                bytes += Array("{\"a\":\(a),\"note\":\"\(filler)\",\"t\":\"\(stamp)\"}".utf8)
            }
            expected.insert(
                GivenRow(path: path, line: first, text: "\(a),\(time)", ownWatermark: greatest))
            greatest = max(greatest, time)
            line += 1
            if row == count - 1, random.oneIn(2) { break }
            bytes += random.oneIn(3) ? [0x0D, 0x0A] : [0x0A]
        }
        contents[path] = bytes
    }

    private func write(_ share: (Int) -> Int) throws {
        for (path, bytes) in contents { try files.put(path, Array(bytes.prefix(share(bytes.count)))) }
    }

    private mutating func description() -> FileSourceDescription {
        var description =
            isCSV ? FileSourceDescription.csv("in", header: hasHeader) : .json("in", rowtime: true)
        description.pieceBytes = 1 + random.below(random.oneIn(2) ? 40 : 400)
        description.rowsPerBatch = 1 + random.below(6)
        return description
    }

    // MARK: Runs

    mutating func run() throws {
        var position: [UInt8]?
        if random.oneIn(2) {
            var cuts = random
            try write { cuts.below($0 + 1) }
            position = try readAll(from: nil, availableNow: true)
        }
        try write { $0 }
        _ = try readAll(from: position, availableNow: false)
        let missing = expected.subtracting(given)
        let wrong = given.subtracting(expected)
        #expect(missing.isEmpty && wrong.isEmpty, "missing \(missing), wrong \(wrong), seed \(seed)")
    }

    /// - Returns: the position where all is read.
    private mutating func readAll(from start: [UInt8]?, availableNow: Bool) throws -> [UInt8] {
        var settings = JobSettings()
        settings.readsWhatIsThere = availableNow
        var position = start
        while true {
            let count = 1 + random.below(4)
            let run = try FileSourceRun(description(), files, readers: count, from: position, settings: settings)
            let steps = random.oneIn(2) ? Int.max : random.below(200)
            let isRead = try read(run, count, steps: steps)
            position = try run.input.position()
            if isRead, let position { return position }
        }
    }

    /// False where there is more after so many steps.
    private mutating func read(_ run: FileSourceRun, _ count: Int, steps: Int) throws -> Bool {
        var exhausted: Set<Int> = []
        var waiting: Set<Int> = []
        for _ in 0..<steps {
            waiting.subtract(run.rung.take())
            let open = (0..<count).filter { !exhausted.contains($0) && !waiting.contains($0) }
            if open.isEmpty {
                try #require(exhausted.count == count, "readers wait for nobody, seed \(seed)")
                return true
            }
            let reader = open[random.below(open.count)]
            let seen = watermark(run.readers[random.below(count)])
            switch try run.readers[reader].read() {
            case .batch(let batch):
                for row in FileSourceRun.rows(of: batch) {
                    #expect(given.insert(row).inserted, "given twice: \(row), seed \(seed)")
                    #expect(row.ownWatermark ?? .min >= seen, "behind the watermark: \(row), seed \(seed)")
                }
            case .nothing: break
            case .waiting: waiting.insert(reader)
            case .exhausted: exhausted.insert(reader)
            }
        }
        return false
    }

    private func watermark(_ reader: any Source) -> Int64 {
        if case .active(let watermark) = reader.watermark { watermark } else { .min }
    }
}
