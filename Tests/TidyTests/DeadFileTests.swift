import TestSupport
import Testing

/// A file of which nothing is mentioned in another file is dead. Tests do not keep a file alive, except in Simulation,
/// which is there for them.
@Suite struct DeadFileTests {
    @Test func everyFileIsUsedByAnother() throws {
        let sources = try TreeFile.all(under: "Sources")
        let engine = try sources + TreeFile.all(under: "Benchmarks")
        var files: [Substring: Int] = [:]
        for file in engine { for word in file.words { files[word, default: 0] += 1 } }
        var testWords: Set<Substring> = []
        for file in try TreeFile.all(under: "Tests") { testWords.formUnion(file.words) }
        for file in sources where !Self.ahead.contains(file.path) && !file.lines.contains("@main") {
            let names = Self.declaredNames(in: file)
            let isForTests = file.path.hasPrefix("Sources/Simulation/")
            let isUsed = names.contains { files[$0, default: 0] > 1 || (isForTests && testWords.contains($0)) }
            #expect(
                isUsed || names.isEmpty, "\(file.path): nothing of \(names.sorted().joined(separator: ", ")) is used")
        }
    }

    /// Of a module that nothing imports yet: for the server and its commands.
    private static let ahead: Set<String> = [
        "Sources/Gateway/Client/Client.swift", "Sources/Gateway/HTTP/Routes.swift",
        "Sources/Gateway/Metrics/MetricsText.swift",
    ]

    private static let keywords: Set<Substring> = [
        "struct", "class", "enum", "protocol", "actor", "func", "typealias", "let", "var", "case",
    ]
    private static let modifiers: Set<Substring> = [
        "package", "public", "private", "fileprivate", "internal", "final", "static", "mutating", "nonisolated",
        "indirect", "@inline(__always)", "@inlinable", "@usableFromInline", "@frozen", "@discardableResult", "override",
        "borrowing", "consuming", "isolated", "~Copyable", "@unchecked",
    ]

    /// Names declared at the top, and the members of extensions.
    private static func declaredNames(in file: TreeFile) -> Set<Substring> {
        var names: Set<Substring> = []
        var isInExtension = false
        for line in file.lines {
            let indent = line.prefix { $0 == " " }.count
            var words = line.split(separator: " ")[...]
            while let word = words.first, modifiers.contains(word) { words.removeFirst() }
            guard let keyword = words.popFirst() else { continue }
            if indent == 0, keyword == "extension" { isInExtension = true }
            if indent == 0, keyword == "}" { isInExtension = false }
            guard indent == 0 || (indent == 4 && isInExtension), keywords.contains(keyword), let next = words.first
            else {
                continue
            }
            // A member that only this file can use keeps nothing alive.
            if line.contains("private ") { continue }
            names.insert(next.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        }
        names.remove("")
        return names
    }
}
