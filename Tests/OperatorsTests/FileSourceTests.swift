import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import Simulation
import Testing

@Suite struct FileSourceTests {
    private let files = SimulatedFileSystem()
    private let metrics = JobMetrics()

    private func put(_ path: String, _ text: String) throws {
        let bytes = Array(text.utf8)
        if let slash = path.lastIndex(of: "/") { try files.makeDirectories(String(path[..<slash])) }
        let file = try files.open(path, .createIfMissing)
        defer { file.close() }
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
    }

    private func source(_ path: String, _ change: (inout JobSettings) -> Void = { _ in }) throws -> FileSource {
        var settings = JobSettings()
        change(&settings)
        let description = FileSourceDescription(
            operatorID: 1, table: "t", path: path,
            format: .json(
                JSONReadOptions(
                    ignoreParseErrors: false, failOnMissingField: false, timestampFormat: .sql, badRecords: .fail)),
            columns: [ScanColumn(path: ["a"], type: .bigint)], predicates: [])
        return FileSource(
            description,
            try LinkContext.alone(files: files, metrics: metrics, settings: settings))
    }

    private func readAll(_ source: FileSource, upTo rows: Int = .max) throws -> [Int64] {
        var values: [Int64] = []
        while values.count < rows {
            switch try source.read() {
            case .batch(let batch):
                guard case .bigint(let column) = batch.columns[0] else { break }
                values += column.values
            case .nothing, .waiting: continue
            case .exhausted: return values
            }
        }
        return values
    }

    private func lines(_ numbers: Range<Int>) -> String { numbers.map { "{\"a\":\($0)}\n" }.joined() }

    @Test func aFolderIsReadInPathOrderWithoutHiddenNames() throws {
        try put("in/b.jsonl", lines(10..<20))
        try put("in/a/z.jsonl", lines(0..<10))
        try put("in/.hidden", "not json")
        try put("in/_temporary/x", "not json")
        try put("in/empty", "")
        let source = try source("in")
        try source.restore(from: nil)
        #expect(try readAll(source) == (0..<20).map { Int64($0) })
    }

    @Test func aByteOrderMarkAMissingLastLineEndAndCRLFAreReadRight() throws {
        try put("in", "\u{FEFF}{\"a\":1}\r\n\n{\"a\":2}\r\n{\"a\":3}")
        let source = try source("in")
        try source.restore(from: nil)
        #expect(try readAll(source) == [1, 2, 3])
    }

    @Test func anUnterminatedLineWaitsWhereMoreMayCome() throws {
        try put("in", "{\"a\":1}\n{\"a\":2")
        let first = try source("in") { $0.readsWhatIsThere = true }
        try first.restore(from: nil)
        #expect(try readAll(first) == [1])
        let position = try first.position()
        try put("in", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}")
        let second = try source("in") { $0.listsInputsAnew = true }
        try second.restore(from: position)
        #expect(try readAll(second) == [2, 3])
    }

    @Test func aResumedBoundedSourceEndsWhereItWasToEnd() throws {
        try put("in", lines(0..<10_000))
        let first = try source("in")
        try first.restore(from: nil)
        let begun = try readAll(first, upTo: 1)
        let position = try first.position()
        try put("in", lines(0..<10_100))
        try put("in2", "")
        let second = try source("in")
        try second.restore(from: position)
        #expect(try begun + readAll(second) == (0..<10_000).map { Int64($0) })
    }

    @Test func everyPositionContinuesExactly() throws {
        try put("in/a", lines(0..<9000))
        try put("in/b", lines(9000..<18_000))
        let truth = (0..<18_000).map { Int64($0) }
        for stop in stride(from: 0, through: 18_000, by: 4500) {
            let first = try source("in")
            try first.restore(from: nil)
            let begun = try readAll(first, upTo: stop)
            let second = try source("in")
            try second.restore(from: try first.position())
            #expect(try begun + readAll(second) == truth)
        }
    }

    @Test func aRecordLongerThanTheBufferIsRead() throws {
        let filler = String(repeating: "x", count: 3 << 20)
        try put("in", "{\"a\":1,\"s\":\"\(filler)\"}\n{\"a\":2}\n")
        let source = try source("in")
        try source.restore(from: nil)
        #expect(try readAll(source) == [1, 2])
    }

    @Test func aChangedPrefixIsRefused() throws {
        try put("in", lines(0..<30_000))
        let first = try source("in")
        try first.restore(from: nil)
        _ = try readAll(first, upTo: 20_000)
        let position = try first.position()
        try put("in", lines(1..<30_001))
        let failure = #expect(throws: JobFailure.self) { try source("in").restore(from: position) }
        #expect(failure?.kind == .world)
        #expect(failure?.message.contains("'in' has changed") == true)
    }

    @Test func aFileThatIsGoneIsRefusedOnlyWhileItHasUnreadBytes() throws {
        try put("in/a", lines(0..<5000))
        try put("in/b", lines(5000..<15_000))
        let first = try source("in")
        try first.restore(from: nil)
        let begun = try readAll(first, upTo: 6000)
        let position = try first.position()
        try files.remove("in/a")
        let second = try source("in")
        try second.restore(from: position)
        #expect(try begun + readAll(second) == (0..<15_000).map { Int64($0) })
        try files.remove("in/b")
        #expect(throws: JobFailure.self) { try source("in").restore(from: position) }
    }

    @Test func aBadRecordIsNamedWithFileLineAndColumn() throws {
        try put("in", lines(0..<5000) + "{\"a\":oops}\n")
        let source = try source("in")
        try source.restore(from: nil)
        let failure = #expect(throws: JobFailure.self) { try readAll(source) }
        #expect(failure?.message.hasPrefix("in:5001:") == true)
        #expect(failure?.kind == .data)
    }

    @Test func aListMadeUnderAvailableNowStaysOpenEnded() throws {
        try put("in", "{\"a\":1}\n{\"a\":2")
        let first = try source("in") { $0.readsWhatIsThere = true }
        try first.restore(from: nil)
        let position = try first.position()
        try put("in", "{\"a\":1}\n{\"a\":23}\n")
        let second = try source("in")
        try second.restore(from: position)
        #expect(try readAll(second) == [1, 23])
    }

    @Test func aMissingPathIsNamed() {
        let failure = #expect(throws: JobFailure.self) { try source("nowhere").restore(from: nil) }
        #expect(failure?.message == "table \"t\" reads 'nowhere', which does not exist")
    }

    @Test func whatHasComeSinceIsCounted() throws {
        try put("in/a", lines(0..<10))
        let first = try source("in")
        try first.restore(from: nil)
        _ = try readAll(first)
        let position = try first.position()
        let description = FileSourceDescription(
            operatorID: 1, table: "t", path: "in",
            format: .json(
                JSONReadOptions(
                    ignoreParseErrors: false, failOnMissingField: false, timestampFormat: .sql, badRecords: .fail)),
            columns: [], predicates: [])
        #expect(try description.unread(since: position, files: files) == [])
        try put("in/b", "{}\n")
        #expect(try description.unread(since: position, files: files) == [UnreadInput(path: "in/b", bytes: 3)])
    }

    @Test func aPositionThatIsNoneIsAnErrorAndNotATrap() throws {
        var position = FilePosition(files: [.init(path: "in/ä", limitBytes: 1000)])
        position.files[0].consumedBytes = 500
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
