import Foundation
import HostSystem
import Operators
import StreamSQL
import Testing

/// Mutations of valid and invalid SQL: each gives a plan or an error with a place in the file. The budget is fixed; the seed of
/// a failure is in its message.
@Suite struct FuzzTests {
    /// Text that stays as it is, and text to mutate.
    private struct Sample {
        var tables: String
        var sql: String
    }

    private static func corpus() throws -> [Sample] {
        var corpus: [Sample] = []
        for path in try TextFiles.paths(in: "Logic", ending: ".slt") {
            for record in LogicRecord.records(of: try TextFiles.read(path)) where !record.sql.isEmpty {
                let sql = record.sql.joined(separator: "\n")
                let isList = record.directive == "types"
                corpus.append(
                    Sample(tables: TextFiles.standardTables, sql: isList ? "EXPLAIN SELECT \(sql) FROM t" : sql))
            }
        }
        for path in try TextFiles.paths(in: "Plans", ending: ".plan") {
            let parts = try TextFiles.read(path).components(separatedBy: "\n----\n")
            corpus.append(Sample(tables: "", sql: parts[0]))
        }
        return corpus
    }

    /// - Output: whether a plan came out.
    private static func run(_ bytes: [UInt8], _ label: String) -> Bool {
        do throws(SQLError) {
            let job = try analyze(bytes, file: "f.sql")
            _ = explainText(job)
            for sink in job.sinks { #expect(fingerprintText(sink) == fingerprintText(sink), "\(label)") }
            return true
        } catch {
            #expect(!error.message.isEmpty && !error.message.hasSuffix("."), "\(label): \(error.message)")
            HostileTests.expectPlace(of: error, in: bytes)
            _ = error.rendered(file: "f.sql", source: String(decoding: bytes, as: UTF8.self))
            return false
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func bytesAreMutated(seed: UInt64) throws {
        let corpus = try Self.corpus()
        var random = SplitMix64(seed: seed)
        for round in 0..<1000 {
            let sample = corpus[random.below(corpus.count)]
            var bytes = Array(sample.sql.utf8)
            for _ in 0...random.below(4) { mutate(&bytes, &random) }
            _ = Self.run(Array(sample.tables.utf8) + bytes, "bytes, seed \(seed), round \(round)")
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let at = random.below(bytes.count + 1)
        switch random.below(5) {
        case 0 where at < bytes.count: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.insert(Array("'`();,.*/-+<>=|%\"\\\0\n é".utf8)[random.below(22)], at: at)
        case 2 where at < bytes.count: bytes.remove(at: at)
        case 3: bytes.removeSubrange(at..<min(bytes.count, at + random.below(20)))
        default:
            let end = min(bytes.count, at + random.below(30))
            bytes.insert(contentsOf: Array(bytes[at..<end]), at: random.below(bytes.count + 1))
        }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func wordsAreMutated(seed: UInt64) throws {
        let corpus = try Self.corpus()
        let allWords = corpus.map { Self.words(of: Array($0.sql.utf8)) }
        var random = SplitMix64(seed: seed)
        var plans = 0
        for round in 0..<1000 {
            let sample = random.below(corpus.count)
            var words = allWords[sample]
            let donor = allWords[random.below(corpus.count)]
            for _ in 0...random.below(3) {
                let at = random.below(words.count)
                switch random.below(4) {
                case 0: words[at] = donor[random.below(donor.count)]
                case 1: words.insert(donor[random.below(donor.count)], at: at)
                case 2 where words.count > 1: words.remove(at: at)
                default: words.swapAt(at, random.below(words.count))
                }
            }
            let bytes = Array((corpus[sample].tables + words.joined(separator: " ")).utf8)
            if Self.run(bytes, "words, seed \(seed), round \(round)") { plans += 1 }
        }
        #expect(plans > 0, "seed \(seed): no mutation was valid, the fuzzer reaches nothing")
    }

    /// Words, numbers, strings and symbols, roughly.
    private static func words(of bytes: [UInt8]) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var isString = false
        for byte in bytes {
            let isWordByte =
                byte >= 0x80 || byte == UInt8(ascii: "_") || Character(Unicode.Scalar(byte)).isLetter
                || Character(Unicode.Scalar(byte)).isNumber
            if isString || isWordByte {
                word.append(byte)
            } else {
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
                if byte > 0x20 { word.append(byte) }
                if byte != UInt8(ascii: "'"), !word.isEmpty {
                    words.append(String(decoding: word, as: UTF8.self))
                    word = []
                }
            }
            if byte == UInt8(ascii: "'") { isString.toggle() }
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
