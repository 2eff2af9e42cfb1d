import TestSupport
import Testing

/// A module imports only modules of lower rank: the build system does not see to it.
@Suite struct ImportRankTests {
    /// As in Docs/Architecture.md.
    static let ranks = [
        "HostSystem": 0, "Columnar": 1, "CommitLog": 1, "KeyedState": 2, "Dataflow": 3, "Operators": 4, "StreamSQL": 5,
        "Deployment": 6, "Gateway": 7, "SluiceTool": 8,
    ]
    /// Imported by anybody.
    static let system: Set<Substring> = ["Glibc", "Synchronization", "CKernels", "CRocksDB", "CPCRE2", "CLZ4", "CZstd"]
    static let packages: [Substring: Set<String>] = [
        "ArgumentParser": ["SluiceTool"], "GRDB": ["Deployment"], "HTTPTypes": ["Gateway"],
        "HummingbirdCore": ["Gateway"],
        "Logging": ["Gateway"], "NIOCore": ["Gateway"], "NIOHTTPTypes": ["Gateway"], "NIOPosix": ["Gateway"],
    ]

    @Test func importsGoDownwards() throws {
        for file in try TreeFile.all(under: "Sources") {
            let module = String(file.path.split(separator: "/")[1])
            if module == "Simulation" { continue }
            let rank = try #require(Self.ranks[module], "\(file.path): a module without a rank")
            for imported in Self.imports(of: file) {
                if Self.system.contains(imported) { continue }
                if Self.packages[imported]?.contains(module) == true { continue }
                let other = Self.ranks[String(imported)]
                #expect(other.map { $0 < rank } == true, "\(file.path) may not import \(imported)")
            }
        }
    }

    @Test func everyRankedModuleIsOnThePageAboutThem() throws {
        let page = try MarkdownPage("Docs/Architecture.md").text
        for (module, rank) in Self.ranks { #expect(page.contains("| \(rank) | `\(module)` |"), "\(module)") }
    }

    /// `import X`, `import struct X.Y`, `@_exported import X`: X.
    private static func imports(of file: TreeFile) -> [Substring] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at <= 2, at + 1 < words.count, !line.hasPrefix("//") else {
                return nil
            }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[at + 1]) && at + 2 < words.count ? words[at + 2] : words[at + 1]
            return name.split(separator: ".").first
        }
    }
}
