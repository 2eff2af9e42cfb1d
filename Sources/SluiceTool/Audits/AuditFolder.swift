import Deployment
import HostSystem
import StreamSQL

// What an audit asks besides the comparison, from the files of one folder:
//
//     expect.sql, *.expect    what is expected to differ
//     warn_*.sql              queries whose rows are violations, which warn
//     *.sql                   queries whose rows are violations, which fail the audit

struct AuditFolder {
    struct Text {
        /// For messages.
        var file: String
        var bytes: [UInt8]
    }

    /// In the order of the files' names.
    private(set) var checks: [(name: String, onlyWarns: Bool, text: Text)] = []
    private(set) var expectations: [(text: Text, statements: [ExpectedDifference])] = []

    /// - Parameters:
    ///   - path: nil: there is none.
    ///   - expectations: of the command line.
    /// - Errors: files that cannot be read, or expectations that are none. What is wrong with a check is its outcome.
    init(_ path: String?, expecting expectations: [String] = []) throws(ToolFailure) {
        for text in expectations { try add(Text(file: "--expect", bytes: Array(text.utf8))) }
        guard let path else { return }
        let names: [String]
        do throws(FileError) {
            names = try PosixFileSystem().list(path).sorted()
        } catch {
            throw ToolFailure(
                message: "cannot read the audit folder '\(path)': \(error)",
                hint: "--audit names a folder with .sql files, whose rows are violations, and expect.sql")
        }
        for name in names where !name.hasPrefix(".") {
            guard name.hasSuffix(".sql") || name.hasSuffix(".expect") else { continue }
            let file = FilePath.join(path, name)
            let text = Text(file: file, bytes: try JobFile.text(of: file))
            if name == "expect.sql" || name.hasSuffix(".expect") {
                try add(text)
            } else {
                checks.append((String(name.dropLast(4)), name.hasPrefix("warn_"), text))
            }
        }
    }

    private mutating func add(_ text: Text) throws(ToolFailure) {
        do throws(SQLError) {
            expectations.append((text, try ExpectedDifference.statements(of: text.bytes)))
        } catch {
            throw ToolFailure(error, in: text.bytes, called: text.file)
        }
    }

    var expected: [ExpectedDifference] { expectations.flatMap(\.statements) }

    /// A mistake that only shows with the outputs' columns.
    func failure(_ mistake: SQLError, in expectation: ExpectedDifference) -> ToolFailure {
        let found = expectations.first { $0.statements.contains { $0.isFrom(sameTextAs: expectation) } }
        return ToolFailure(mistake, in: found?.text.bytes ?? [], called: found?.text.file ?? "--expect")
    }
}
