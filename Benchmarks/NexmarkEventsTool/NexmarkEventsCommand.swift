import Glibc
import NexmarkEvents

// `nexmark-events`: writes generated events as JSON lines, a block of lines per system call.

@main
struct NexmarkEventsCommand {
    static let usage = """
        usage: nexmark-events --events N --out FILE|- [--append] [--rate R] [--seed S] [--first K] [--kind KIND]

          --events N   how many events are made; with --kind, those of other kinds among them are left out
          --out FILE   where to write; - is standard output. An existing file is replaced, or added to with --append
          --kind KIND  all (every event, with its type), or the plain objects of person, auction or bid
          --rate R     events per second of event time (10000)
          --seed S     (42)
          --first K    the number of the first event (0)

        """

    static func main() {
        do {
            let arguments = try Arguments(CommandLine.arguments.dropFirst())
            try write(arguments)
        } catch let mistake as UsageMistake {
            fail("\(mistake.message)\n\(usage)", code: 64)
        } catch {
            fail("\(error)\n", code: 1)
        }
    }

    private static func fail(_ message: String, code: Int32) -> Never {
        let text = "nexmark-events: \(message)"
        // Nothing can be done where even the message cannot be written.
        _ = Glibc.write(2, text, text.utf8.count)
        exit(code)
    }

    private static func write(_ arguments: Arguments) throws {
        let output = try OutputFile(arguments.path, append: arguments.append)
        let generator = EventGenerator(seed: arguments.seed, rate: arguments.rate)
        let buffer = LineBuffer()
        var next = arguments.events.lowerBound
        while next < arguments.events.upperBound {
            buffer.removeAll()
            next = generator.write(next..<arguments.events.upperBound, of: arguments.kind, to: buffer)
            try output.write(buffer.bytes)
        }
    }
}

struct UsageMistake: Error {
    var message: String
}

struct Arguments {
    var events = 0..<0
    var rate = 10_000
    var seed: UInt64 = 42
    var kind = EventGenerator.Kind.all
    var path = ""
    var append = false

    init(_ words: ArraySlice<String>) throws(UsageMistake) {
        var rest = words
        var count: Int?
        var first = 0
        while let name = rest.popFirst() {
            switch name {
            case "--append": append = true
            case "--events": count = try Self.number(name, rest.popFirst())
            case "--rate": rate = try Self.number(name, rest.popFirst())
            case "--first": first = try Self.number(name, rest.popFirst())
            case "--seed": seed = UInt64(try Self.number(name, rest.popFirst()))
            case "--out": path = try Self.value(name, rest.popFirst())
            case "--kind":
                let text = try Self.value(name, rest.popFirst())
                guard let known = EventGenerator.Kind(rawValue: text) else {
                    throw UsageMistake(message: "there is no kind of event called \"\(text)\"")
                }
                kind = known
            default: throw UsageMistake(message: "unknown option \"\(name)\"")
            }
        }
        guard let count, !path.isEmpty else { throw UsageMistake(message: "--events and --out are needed") }
        let (end, overflow) = first.addingReportingOverflow(count)
        guard rate >= 1, rate <= 1_000_000_000, !overflow, EventGenerator.canWrite(first..<end, rate: rate) else {
            throw UsageMistake(message: "events or rate out of range: times must lie before the year 10000")
        }
        events = first..<end
    }

    private static func value(_ name: String, _ text: String?) throws(UsageMistake) -> String {
        guard let text else { throw UsageMistake(message: "\(name) needs a value") }
        return text
    }

    private static func number(_ name: String, _ text: String?) throws(UsageMistake) -> Int {
        guard let value = Int(try value(name, text)), value >= 0 else {
            throw UsageMistake(message: "\(name) needs a whole number from 0 on")
        }
        return value
    }
}

/// Where lines go: a file, or standard output.
struct OutputFile: ~Copyable {
    struct Failure: Error, CustomStringConvertible {
        var path: String
        var code: Int32
        var description: String { "could not write \"\(path)\": \(String(cString: strerror(code)))" }
    }

    private let path: String
    private let descriptor: Int32

    init(_ path: String, append: Bool) throws(Failure) {
        self.path = path
        descriptor = path == "-" ? 1 : open(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0o644)
        if descriptor < 0 { throw Failure(path: path, code: errno) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let written = Glibc.write(descriptor, start, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw Failure(path: path, code: errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    deinit { if descriptor != 1 { close(descriptor) } }
}
