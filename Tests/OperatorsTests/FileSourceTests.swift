import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import Simulation
import Testing

@Suite struct FileSourceTests {
    private let files = SimulatedFileSystem()

    private func put(_ path: String, _ text: String) throws { try files.put(path, text) }

    private func source(
        _ path: String, from position: [UInt8]? = nil, _ change: (inout JobSettings) -> Void = { _ in }
    ) throws -> FileSourceRun {
        var settings = JobSettings()
        change(&settings)
        return try FileSourceRun(.json(path), files, from: position, settings: settings)
    }

    private func lines(_ numbers: Range<Int>) -> String { numbers.map { "{\"a\":\($0)}\n" }.joined() }

    @Test func aFolderIsReadInPathOrderWithoutHiddenNames() throws {
        try put("in/b.jsonl", lines(10..<20))
        try put("in/a/z.jsonl", lines(0..<10))
        try put("in/.hidden", "not json")
        try put("in/_temporary/x", "not json")
        try put("in/empty", "")
        let source = try source("in")
        #expect(try source.values() == (0..<20).map { Int64($0) })
    }

    @Test func aByteOrderMarkAMissingLastLineEndAndCRLFAreReadRight() throws {
        try put("in", "\u{FEFF}{\"a\":1}\r\n\n{\"a\":2}\r\n{\"a\":3}")
        let source = try source("in")
        #expect(try source.values() == [1, 2, 3])
    }

    @Test func anUnterminatedLineWaitsWhereMoreMayCome() throws {
        try put("in", "{\"a\":1}\n{\"a\":2")
        let first = try source("in") { $0.readsWhatIsThere = true }
        #expect(try first.values() == [1])
        let position = try first.input.position()
        try put("in", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}")
        let second = try source("in", from: position) { $0.listsInputsAnew = true }
        #expect(try second.values() == [2, 3])
    }

    @Test func aResumedBoundedSourceEndsWhereItWasToEnd() throws {
        try put("in", lines(0..<10_000))
        let first = try source("in")
        let begun = try first.values(upTo: 1)
        let position = try first.input.position()
        try put("in", lines(0..<10_100))
        try put("in2", "")
        let second = try source("in", from: position)
        #expect(try begun + second.values() == (0..<10_000).map { Int64($0) })
    }

    @Test func everyPositionContinuesExactly() throws {
        try put("in/a", lines(0..<9000))
        try put("in/b", lines(9000..<18_000))
        let truth = (0..<18_000).map { Int64($0) }
        for stop in stride(from: 0, through: 18_000, by: 4500) {
            let first = try source("in")
            let begun = try first.values(upTo: stop)
            let second = try source("in", from: first.input.position())
            #expect(try begun + second.values() == truth)
        }
    }

    @Test func aRecordLongerThanTheBufferIsRead() throws {
        let filler = String(repeating: "x", count: 3 << 20)
        try put("in", "{\"a\":1,\"s\":\"\(filler)\"}\n{\"a\":2}\n")
        let source = try source("in")
        #expect(try source.values() == [1, 2])
    }

    @Test func aSplitOfVeryManyRowsIsReadInParts() throws {
        let count = 3 * (1 << 16)
        try files.put("in", [UInt8](String(repeating: "{}\n", count: count).utf8))
        let run = try FileSourceRun(.json("in"), files, readers: 2)
        var lines: [Int64] = []
        var exhausted = 0
        while exhausted < 2 {
            for reader in run.readers {
                switch try reader.read() {
                case .batch(let batch): lines += batch.origin?.lines ?? []
                case .exhausted: exhausted += 1
                case .nothing, .waiting: break
                }
            }
        }
        #expect(lines.sorted() == (1...Int64(count)).map { $0 })
    }

    @Test(arguments: [false, true]) func aRecordThatIsTooLongIsNamed(isCSV: Bool) throws {
        let filler = String(repeating: "x", count: 3 << 20)
        let good = isCSV ? "1,x,1970-01-01 00:00:00.000\n" : "{\"a\":1}\n"
        try put("in", good + (isCSV ? "1,\(filler)," : "{\"a\":1,\"s\":\"\(filler)\"}") + "\n" + good)
        var settings = JobSettings()
        settings.memoryBytes = 8 << 20
        let run = try FileSourceRun(isCSV ? .csv("in", header: false) : .json("in"), files, settings: settings)
        let failure = #expect(throws: JobFailure.self) { try run.read() }
        #expect(failure?.message == "in:2: a record of more than 2 MiB")
        #expect(failure?.kind == .data)
    }

    @Test func aChangedPrefixIsRefused() throws {
        try put("in", lines(0..<30_000))
        let first = try source("in")
        _ = try first.values(upTo: 20_000)
        let position = try first.input.position()
        try put("in", lines(1..<30_001))
        let failure = #expect(throws: JobFailure.self) { try source("in", from: position) }
        #expect(failure?.kind == .world)
        #expect(failure?.message.contains("'in' has changed") == true)
    }

    @Test func aFileThatIsGoneIsRefusedOnlyWhileItHasUnreadBytes() throws {
        try put("in/a", lines(0..<5000))
        try put("in/b", lines(5000..<15_000))
        let first = try source("in")
        let begun = try first.values(upTo: 6000)
        let position = try first.input.position()
        try files.remove("in/a")
        let second = try source("in", from: position)
        #expect(try begun + second.values() == (0..<15_000).map { Int64($0) })
        try files.remove("in/b")
        #expect(throws: JobFailure.self) { try source("in", from: position) }
    }

    @Test func aBadRecordIsNamedWithFileLineAndColumn() throws {
        try put("in", lines(0..<5000) + "{\"a\":oops}\n")
        let source = try source("in")
        let failure = #expect(throws: JobFailure.self) { try source.values() }
        #expect(failure?.message.hasPrefix("in:5001:") == true)
        #expect(failure?.kind == .data)
    }

    @Test func aListMadeUnderAvailableNowStaysOpenEnded() throws {
        try put("in", "{\"a\":1}\n{\"a\":2")
        let first = try source("in") { $0.readsWhatIsThere = true }
        let position = try first.input.position()
        try put("in", "{\"a\":1}\n{\"a\":23}\n")
        let second = try source("in", from: position)
        #expect(try second.values() == [1, 23])
    }

    @Test func aMissingPathIsNamed() {
        let failure = #expect(throws: JobFailure.self) { try source("nowhere") }
        #expect(failure?.message == "table \"t\" reads 'nowhere', which does not exist")
    }

    @Test func whatHasComeSinceIsCounted() throws {
        try put("in/a", lines(0..<10))
        let first = try source("in")
        _ = try first.values()
        let position = try first.input.position()
        let description = FileSourceDescription.json("in")
        #expect(try description.unread(since: position, files: files, log: nil) == [])
        try put("in/b", "{}\n")
        #expect(try description.unread(since: position, files: files, log: nil) == [.file(path: "in/b", bytes: 3)])
    }

    @Test func aPositionThatIsNoneIsAnErrorAndNotATrap() throws {
        let progress = SplitProgress(
            length: 1000, given: [SplitSegment(0..<500, SplitSum(records: 9)), SplitSegment(600..<700, SplitSum())])
        let position = FilePosition(files: [.init(path: "in/ä", progress: progress)])
        let bytes = position.encoded()
        #expect(try FilePosition(decoding: bytes) == position)
        for length in 0..<bytes.count {
            #expect(throws: CorruptBytes.self) { try FilePosition(decoding: Array(bytes[..<length])) }
        }
        var random = SplitMix64(seed: 11)
        for _ in 0..<2000 {
            var broken = bytes
            for _ in 0...random.below(3) {
                broken[random.below(broken.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            do { _ = try FilePosition(decoding: broken) } catch { #expect(error.offset >= 0) }
        }
    }
}
