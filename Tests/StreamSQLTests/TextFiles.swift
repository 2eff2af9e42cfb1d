import Foundation
import Operators
import StreamSQL
import Testing

// SQL tests as text files.
//
// `Tests/Logic/*.slt`: records divided by empty lines. A record is a directive, SQL, `----` and what comes out:
//
//     error                 the rendered error, for a file called job.sql
//     types                 the SQL is a SELECT list over the table `t` of `standardTables`: the name and type of each item
//     plan                  the explained plans
//
// `Tests/Plans/*.plan`: SQL, `----`, the explained plans.
//
// With the environment variable SLUICE_REWRITE_EXPECTED=1 the tests write what comes out into the files instead of comparing;
// read the difference before you commit it.

enum TextFiles {
    static let isRewriting = ProcessInfo.processInfo.environment["SLUICE_REWRITE_EXPECTED"] == "1"

    static func paths(in folder: String, ending suffix: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent(folder).path
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(suffix) }.sorted()
            .map { "\(folder)/\($0)" }
    }

    static func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// What analysing and explaining gives: the plans, or the rendered error.
    static func explained(_ sql: String) -> String {
        do throws(SQLError) {
            let job = try analyze(Array(sql.utf8), file: "job.sql")
            let warnings = job.warnings.map { "warning: \($0)\n" }.joined()
            return warnings + explainText(job)
        } catch {
            return error.rendered(file: "job.sql", source: sql) + "\n"
        }
    }

    /// Tables for the `types` records.
    static let standardTables = """
        CREATE TABLE t (b BOOLEAN, i INT, l BIGINT, d DOUBLE, s STRING, ts TIMESTAMP(3),
          r ROW<a INT, s STRING, n INT NOT NULL>, nn INT NOT NULL, sn STRING NOT NULL)
          WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
        CREATE TABLE o1 (x INT) WITH ('connector' = 'filesystem', 'path' = 'o1', 'format' = 'json');
        CREATE TABLE ol (x BIGINT) WITH ('connector' = 'print');
        CREATE TABLE od (x DOUBLE) WITH ('connector' = 'print');
        CREATE TABLE os (x STRING) WITH ('connector' = 'print');
        CREATE TABLE onn (x INT NOT NULL, y INT) WITH ('connector' = 'print');

        """

    static func types(_ list: String) -> String {
        let sql = standardTables + "EXPLAIN SELECT\n\(list) FROM t;"
        do throws(SQLError) {
            let job = try analyze(Array(sql.utf8), file: "job.sql")
            guard let plan = job.explains.first?.plans.first else { return "no plan\n" }
            return plan.columns.map { "\($0.name) \($0.type)\($0.isNullable ? "" : " NOT NULL")\n" }.joined()
        } catch {
            let hint = error.hint.map { "\nhint: \($0)" } ?? ""
            let place = error.place.map { "\($0.column)+\($0.length)" } ?? "nowhere"
            return "error at \(place): \(error.message)\(hint)\n"
        }
    }
}

/// One record of a logic file.
struct LogicRecord {
    var comments: [String]
    var directive: String
    var sql: [String]
    var expected: [String]

    static func records(of text: String) -> [LogicRecord] {
        var records: [LogicRecord] = []
        var current = LogicRecord(comments: [], directive: "", sql: [], expected: [])
        var isExpecting = false
        for line in text.components(separatedBy: "\n") + [""] {
            if line.isEmpty {
                if !current.directive.isEmpty || !current.comments.isEmpty { records.append(current) }
                current = LogicRecord(comments: [], directive: "", sql: [], expected: [])
                isExpecting = false
            } else if current.directive.isEmpty, line.hasPrefix("#") {
                current.comments.append(line)
            } else if current.directive.isEmpty {
                current.directive = line
            } else if line == "----", !isExpecting {
                isExpecting = true
            } else if isExpecting {
                current.expected.append(line)
            } else {
                current.sql.append(line)
            }
        }
        return records
    }

    /// What the record gives now; nil for a directive nobody knows.
    var actual: [String]? {
        let sql = sql.joined(separator: "\n")
        let text: String
        switch directive {
        case "error", "plan": text = TextFiles.explained(sql)
        case "error with tables", "plan with tables": text = TextFiles.explained(TextFiles.standardTables + sql)
        case "types": text = TextFiles.types(sql)
        case "": return []
        default: return nil
        }
        // An empty line would end the record.
        return text.components(separatedBy: "\n").dropLast().map { $0.isEmpty ? "." : $0 }
    }

    func text(expecting lines: [String]) -> String {
        var text = comments
        if !directive.isEmpty { text += [directive] + sql + ["----"] + lines }
        return text.joined(separator: "\n") + "\n"
    }
}

@Suite struct TextFileTests {
    @Test func logicFilesGiveWhatTheySay() throws {
        for path in try TextFiles.paths(in: "Logic", ending: ".slt") {
            let records = LogicRecord.records(of: try TextFiles.read(path))
            #expect(!records.isEmpty, "\(path) holds no record")
            var rewritten: [String] = []
            for record in records {
                let actual = try #require(record.actual, "\(path): unknown directive \(record.directive)")
                rewritten.append(record.text(expecting: actual))
                if TextFiles.isRewriting { continue }
                let label = "\(path): \(record.directive): \(record.sql.joined(separator: " "))"
                #expect(actual == record.expected, "\(label)")
            }
            if TextFiles.isRewriting { try TextFiles.write(rewritten.joined(separator: "\n"), to: path) }
        }
    }

    @Test func plansAreAsTheirSnapshots() throws {
        for path in try TextFiles.paths(in: "Plans", ending: ".plan") {
            let parts = try TextFiles.read(path).components(separatedBy: "\n----\n")
            let sql = try #require(parts.first)
            let actual = TextFiles.explained(sql)
            if TextFiles.isRewriting {
                try TextFiles.write("\(sql)\n----\n\(actual)", to: path)
            } else {
                #expect(parts.count == 2 && parts[1] == actual, "\(path) gives\n\(actual)")
            }
        }
    }
}
