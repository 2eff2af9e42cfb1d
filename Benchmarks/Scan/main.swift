import CKernels
import Columnar
import Glibc
import HostSystem
import Operators

// ScanBenchmark FILE SCHEMA [PASSES]: how fast the JSON scanner takes a file of Nexmark lines that is in memory.
//   bids     bid.jsonl, 6 of 7 columns            shuffled  the same, fields in another order on every line
//   bids7    all 7 columns                         count     events.jsonl, the keyed count: bids' auction
//   q0       events.jsonl, q0's columns of bids    all       events.jsonl, every column of every kind, no predicate

func column(_ path: String, _ type: DataType) -> ScanColumn {
    ScanColumn(path: path.split(separator: ".").map(String.init), type: type)
}

let timestamp = DataType.timestamp(precision: 3)
let isBid = ScanPredicate(column: 0, comparison: .equal, literal: .int(2))

func setup(_ name: String) -> (columns: [ScanColumn], predicates: [ScanPredicate])? {
    let bid = [
        column("auction", .bigint), column("bidder", .bigint), column("price", .bigint), column("channel", .string),
        column("dateTime", timestamp), column("extra", .string), column("url", .string),
    ]
    switch name {
    case "bids", "shuffled": return (Array(bid.prefix(6)), [])
    case "bids7": return (bid, [])
    case "count": return ([column("event_type", .int), column("bid.auction", .bigint)], [isBid])
    case "q0":
        return (
            [
                column("event_type", .int), column("bid.auction", .bigint), column("bid.bidder", .bigint),
                column("bid.price", .bigint), column("bid.dateTime", timestamp), column("bid.extra", .string),
            ], [isBid]
        )
    case "all":
        let person = ["id", "name", "emailAddress", "creditCard", "city", "state", "dateTime", "extra"]
        let auction = [
            "id", "itemName", "description", "initialBid", "reserve", "dateTime", "expires", "seller", "category",
        ]
        let numbers: Set = ["id", "initialBid", "reserve", "seller", "category", "auction", "bidder", "price"]
        func type(_ name: String) -> DataType {
            numbers.contains(name) ? .bigint : name == "dateTime" || name == "expires" ? timestamp : .string
        }
        return (
            [column("event_type", .int)] + person.map { column("person." + $0, type($0)) }
                + auction.map { column("auction." + $0, type($0)) }
                + bid.map { column("bid." + $0.path[0], $0.type) }, []
        )
    default: return nil
    }
}

func readFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let size = ftell(file)
    rewind(file)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = fread(buffer.baseAddress, 1, size, file)
    }
}

/// Fields of flat lines without commas in their strings, in a random order on every line.
func shuffle(_ bytes: [UInt8]) -> [UInt8] {
    var random = SplitMix64(seed: 1)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        var fields = line.dropFirst().dropLast().split(separator: UInt8(ascii: ","))
        fields.shuffle(using: &random)
        out.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += field
        }
        out += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }
    return out
}

func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// One pass in pieces of 1 MiB; rows kept and lines.
func scan(_ scanner: JSONLinesScanner, _ bytes: UnsafeRawBufferPointer, count: Int) throws -> (rows: Int, lines: Int) {
    var rows = 0
    var lines = 0
    var place = 0
    while place < count {
        let end = min(count, place + (1 << 20))
        let input = UnsafeRawBufferPointer(rebasing: bytes[place..<end])
        let outcome = try scanner.scan(input, isFinal: end == count, maxRows: 8192)
        rows += outcome.rowCount
        lines += outcome.consumedLines
        place += outcome.consumedBytes
    }
    return (rows, lines)
}

func run() throws -> Int32 {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3, let (columns, predicates) = setup(arguments[2]) else {
        print("usage: ScanBenchmark FILE bids|bids7|shuffled|count|q0|all [PASSES]")
        return 64
    }
    sluice_keep_freed_memory()
    var bytes = readFile(arguments[1])
    if arguments[2] == "shuffled" { bytes = shuffle(bytes) }
    let count = bytes.count
    bytes += [UInt8](repeating: 0, count: 64)
    let scanner = JSONLinesScanner(columns: columns, predicates: predicates, options: JSONReadOptions())
    var times: [Double] = []
    var total = (rows: 0, lines: 0)
    for _ in 0..<(arguments.count > 3 ? Int(arguments[3]) ?? 7 : 7) {
        let begin = seconds()
        total = try bytes.withUnsafeBytes { try scan(scanner, $0, count: count) }
        times.append(seconds() - begin)
    }
    times.sort()
    for (name, time) in [("median", times[times.count / 2]), ("best", times[0])] {
        let gigabytes = (Double(count) / time / 1e7).rounded() / 100
        let nanoseconds = (time * 1e10 / Double(max(1, total.lines))).rounded() / 10
        print(
            "\(arguments[2]) \(name): \(gigabytes) GB/s, \(nanoseconds) ns/line, \(total.rows) of \(total.lines) lines kept"
        )
    }
    return 0
}

exit(try run())
