import Foundation
import TestSupport
import Testing

@Suite struct DocumentationTests {
    static func pages() throws -> [MarkdownPage] {
        let paths =
            try ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + MarkdownPage.paths(under: "Docs")
            + MarkdownPage.paths(under: "Jobs")
        return try paths.map { try MarkdownPage($0) }
    }

    @Test func linksLeadSomewhere() throws {
        for page in try Self.pages() {
            let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
            for target in page.linkTargets where !target.hasPrefix("https://") && !target.hasPrefix("http://") {
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let path = parts[0].isEmpty ? page.path : folder.isEmpty ? String(parts[0]) : folder + "/" + parts[0]
                #expect(FileManager.default.fileExists(atPath: SourceTree.root + "/" + path), "\(page.path): \(target)")
                if parts.count == 2, path.hasSuffix(".md") {
                    let anchors = try Self.anchors(of: MarkdownPage(path))
                    #expect(anchors.contains(String(parts[1])), "\(page.path): \(target)")
                }
            }
        }
    }

    /// Source files that a page names in backticks, as `Sources/…`, are there.
    @Test func namedFilesAreThere() throws {
        for page in try Self.pages() where page.path != "CHANGELOG.md" {
            for match in page.text.matches(of: /`((?:Sources|Tests|Benchmarks|Jobs|Docs)\/[A-Za-z0-9_.\/-]+)`/) {
                let path = String(match.output.1)
                #expect(FileManager.default.fileExists(atPath: SourceTree.root + "/" + path), "\(page.path): \(path)")
            }
        }
    }

    /// Every format on disk has one page, and the code that writes it says which.
    @Test func formatsAndTheirPagesNameEachOther() throws {
        let pages = try Set(MarkdownPage.paths(under: "Docs").filter { $0.hasPrefix("Docs/Formats/") })
        var named: Set<String> = []
        for file in try TreeFile.all(under: "Sources") {
            for line in file.lines {
                for match in line.matches(of: /Docs\/[A-Za-z0-9_.\/-]+\.md/) {
                    let path = String(match.output)
                    named.insert(path)
                    #expect(
                        FileManager.default.fileExists(atPath: SourceTree.root + "/" + path), "\(file.path): \(path)")
                }
            }
        }
        for page in pages { #expect(named.contains(page), "no source file names \(page)") }
    }

    /// A command or a job in the README is run by a test, or is one of make's, which CI runs.
    @Test func whatTheReadmeShowsIsRun() throws {
        for block in try MarkdownPage("README.md").fencedBlocks {
            let language = block.words.first ?? ""
            guard language == "sh" || language == "sql" else { continue }
            let isMake = block.text.split(separator: "\n").allSatisfy {
                $0.hasPrefix("make ") || $0.hasPrefix("git clone ")
            }
            #expect(block.isExecuted || block.file != nil || isMake, "README.md:\(block.line)")
        }
    }

    @Test func decisionsAreNumbered() throws {
        let pages = try MarkdownPage.paths(under: "Docs/Decisions")
        #expect(!pages.isEmpty)
        for (index, path) in pages.enumerated() {
            let number = String(repeating: "0", count: 4 - String(index + 1).count) + String(index + 1)
            #expect(path.hasPrefix("Docs/Decisions/\(number)-"), "\(path): expected number \(number)")
            #expect(try MarkdownPage(path).text.hasPrefix("# \(number). "), "\(path): its title begins with its number")
        }
    }

    @Test func everyJobIsComplete() throws {
        let jobs = SourceTree.root + "/Jobs"
        for name in try FileManager.default.contentsOfDirectory(atPath: jobs) where !name.contains(".") {
            let files = try FileManager.default.contentsOfDirectory(atPath: jobs + "/" + name)
            #expect(files.contains("README.md") && files.contains { $0.hasSuffix(".sql") }, "Jobs/\(name)")
            let answers = files.filter { $0.hasPrefix("expected.") }
            #expect(answers.count == 1, "Jobs/\(name) has one file with its expected output")
        }
    }

    /// GitHub's anchors: lower case, spaces to hyphens, other signs left out.
    private static func anchors(of page: MarkdownPage) -> Set<String> {
        var anchors: Set<String> = []
        for line in page.text.split(separator: "\n") where line.hasPrefix("#") {
            let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
            let kept = title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
            anchors.insert(kept.replacing(" ", with: "-"))
        }
        return anchors
    }
}
