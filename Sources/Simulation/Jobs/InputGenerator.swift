import HostSystem

// Random files: with NULLs and missing fields, times out of order, rows twice, few keys that have most of the rows, empty
// files, files that begin late or end early. What a run sees of a file may end anywhere, in the middle of a line too.

/// A line of a file.
struct InputLine: Sendable {
    var values: [ModelValue]
    var bytes: [UInt8]
}

/// A file as it grows: each of its lines is there from some round on.
struct InputFile: Sendable {
    var table: InputTable
    var path: String
    var lines: [InputLine]
    /// How many bytes are there in each round, never fewer than in the one before.
    var visibleBytes: [Int]
    /// The round in which the file is made.
    var firstRound: Int

    var bytes: [UInt8] { lines.flatMap(\.bytes) }

    /// As the model reads it: a row comes in the round in which its line has its end, and a last line without one in the
    /// last round.
    var model: ModelFile {
        var end = 0
        var rounds: [Int] = []
        for line in lines {
            end += line.bytes.count
            let last = visibleBytes.count - 1
            let isWhole = line.bytes.last == 0x0A
            rounds.append(isWhole ? visibleBytes.firstIndex { $0 >= end } ?? last : last)
        }
        return ModelFile(table: table.number, firstRound: firstRound, rows: lines.map(\.values), rounds: rounds)
    }
}

struct InputGenerator {
    /// Some need quotes or escapes, two look alike and are not, one is longer than what is stored in place.
    static let texts = [
        "a", "b", "c", "", "d\"q\"", "back\\slash", "\u{e9}", "e\u{301}", "a,b", "it's",
        "a longer text that is stored by its length",
    ]

    private var random: SplitMix64
    private let rounds: Int

    private init(_ random: SplitMix64, rounds: Int) {
        self.random = random
        self.rounds = rounds
    }

    /// - Parameter rounds: how often more input comes and the job is run again.
    static func files(_ tables: [InputTable], rounds: Int, _ random: inout SplitMix64) -> [InputFile] {
        var generator = InputGenerator(random, rounds: rounds)
        defer { random = generator.random }
        return tables.flatMap { generator.files(of: $0) }
    }

    /// The rows of a table that is a topic.
    static func rows(_ count: Int, of table: InputTable, _ random: inout SplitMix64) -> [[ModelValue]] {
        var generator = InputGenerator(random, rounds: 1)
        defer { random = generator.random }
        return generator.lines(count, table).map(\.values)
    }

    private mutating func files(of table: InputTable) -> [InputFile] {
        (0..<(1 + random.below(3))).map { number in
            let extent = random.oneIn(6) ? 0 : random.oneIn(6) ? 1 : 1 + random.below(40)
            var file = InputFile(
                table: table, path: "\(table.folder)/f\(number).\(table.format == .json ? "jsonl" : "csv")",
                lines: lines(extent, table), visibleBytes: [], firstRound: random.below(rounds))
            if number == 0 { file.firstRound = 0 }
            cut(&file)
            return file
        }
    }

    /// Says how much of the file is there in each round.
    private mutating func cut(_ file: inout InputFile) {
        let sizes = file.lines.map(\.bytes.count)
        let total = sizes.reduce(0, +)
        for round in 0..<rounds {
            let before = file.visibleBytes.last ?? 0
            if round == rounds - 1 {
                file.visibleBytes.append(total)
            } else if round < file.firstRound {
                file.visibleBytes.append(0)
            } else if random.oneIn(2) {
                file.visibleBytes.append(before + random.below(total - before + 1))
            } else {
                file.visibleBytes.append(max(before, sizes[..<random.below(sizes.count + 1)].reduce(0, +)))
            }
        }
        if random.oneIn(3), let last = file.lines.indices.last, file.lines[last].bytes.last == 0x0A {
            file.lines[last].bytes.removeLast()
            file.visibleBytes = file.visibleBytes.map { min($0, total - 1) }
        }
    }

    private mutating func lines(_ count: Int, _ table: InputTable) -> [InputLine] {
        var time = ModelTimestamp.yearBegin + 9 * 86_400_000 + Int64(random.below(60)) * 1000
        let disorder = [0, 2000, 8000, 60_000][random.below(4)]
        let pace = [1, 300, 2000, 20_000][random.below(4)]
        let keys = 1 + random.below(Self.texts.count)
        var lines: [InputLine] = []
        for number in 0..<count {
            if let last = lines.last, random.oneIn(12) {
                lines.append(last)
                continue
            }
            time += Int64(random.below(pace + 1))
            let values: [ModelValue] = [
                .integer(Int64(number)),
                random.oneIn(8) ? .null : .text(Self.texts[skewed(keys)]),
                random.oneIn(8) ? .null : .integer(Int64(random.below(5)) - 1),
                random.oneIn(8) ? .null : .integer(Int64(random.below(200)) - 50),
                random.oneIn(8) ? .null : .double(Double(random.below(400) - 100) / 4),
                .timestamp(max(ModelTimestamp.yearBegin + 86_400_000, time - Int64(random.below(disorder + 1)))),
            ]
            lines.append(line(values, table))
        }
        return lines
    }

    private mutating func line(_ values: [ModelValue], _ table: InputTable) -> InputLine {
        var values = values
        // An empty STRING field of CSV is the empty text.
        if table.format == .csv, values[1].isNull { values[1] = .text("") }
        return InputLine(values: values, bytes: text(values, table))
    }

    /// The first ones come most often.
    private mutating func skewed(_ count: Int) -> Int { min(random.below(count), random.below(count)) }

    private mutating func text(_ values: [ModelValue], _ table: InputTable) -> [UInt8] {
        var fields: [String] = []
        for (column, value) in zip(InputTable.columns, values) {
            switch table.format {
            case .json, .topic:
                if value.isNull, random.oneIn(2) { continue }
                fields.append("\"\(column.name)\":\(value.json)")
            case .csv: fields.append(csv(value))
            }
        }
        let line = fields.joined(separator: ",")
        return Array((table.format == .csv ? line + "\n" : "{\(line)}\n").utf8)
    }

    private mutating func csv(_ value: ModelValue) -> String {
        switch value {
        case .null: return ""
        case .text(let bytes):
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.isEmpty || text.contains(",") || text.contains("\"") || random.oneIn(3) else { return text }
            return "\"" + text.replacing("\"", with: "\"\"") + "\""
        case .timestamp(let milliseconds): return ModelTimestamp.text(milliseconds)
        default: return value.json
        }
    }
}
