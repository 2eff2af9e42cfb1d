import TestSupport
import Testing

/// What every source file keeps to.
@Suite struct SourceFileTests {
    @Test func noFileIsLongerThanItsReaderStands() throws {
        for file in try TreeFile.all(under: "Sources") {
            #expect(file.lines.count <= 751, "\(file.path) has \(file.lines.count - 1) lines")
        }
    }

    /// Words that stand for work left undone, or for a failure that nobody is told of.
    @Test func nothingIsLeftUndoneOrDropped() throws {
        let banned = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "try" + "!", "try" + "?", "as" + "!", "fatal" + "Error("]
        for file in try TreeFile.all(under: "Sources") + TreeFile.all(under: "Benchmarks") {
            for (index, line) in file.lines.enumerated() {
                for word in banned {
                    // `try` with its mark, not the end of the type `Entry?`.
                    let begins = line.ranges(of: word).contains { line[..<$0.lowerBound].last?.isLetter != true }
                    if begins { Issue.record("\(file.path):\(index + 1): \(word)") }
                }
            }
        }
    }

    @Test func namesOfFilesSayWhatIsInThem() throws {
        let banned = [
            "Helper", "Helpers", "Util", "Utils", "Utilities", "Manager", "Impl", "V2", "Info", "Misc",
        ]
        for folder in ["Sources", "Benchmarks", "Tests"] {
            for file in try TreeFile.all(under: folder) {
                let stem = file.name.dropLast(".swift".count)
                #expect(!banned.contains { stem.hasSuffix($0) }, "\(file.path)")
            }
        }
    }

    /// A path of one machine works on no other.
    @Test func noPathOfAMachineIsWrittenDown() throws {
        let banned = ["work", "tmp", "opt", "home", "root"].map { "/" + $0 + "/" }
        let endings = [".swift", ".md", ".sql", ".sh", ".slt", ".c", ".h", ".json"]
        var files = try ["Sources", "Benchmarks", "Tests", "Docs", "Jobs"].flatMap {
            try TreeFile.all(under: $0, endings: endings)
        }
        files += try ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "Package.swift", ".ci/run"].map {
            try TreeFile($0)
        }
        for file in files {
            // The pattern of a temporary folder is no such path: the standard says where it lies.
            for (index, line) in file.lines.enumerated() where !line.contains("XXXXXX") {
                for path in banned {
                    // A place in a longer path, as in https://example.org/work/, is not one of a machine.
                    for range in line.ranges(of: path) {
                        let before = line[..<range.lowerBound].last
                        let isBeginning = before.map { !$0.isLetter && !$0.isNumber && !"._-}".contains($0) } ?? true
                        if isBeginning { Issue.record("\(file.path):\(index + 1): \(path)") }
                    }
                }
            }
        }
    }

    /// A reader who opens a file learns from its first lines what is in it.
    @Test func aFileBeginsWithWhatItIs() throws {
        let beginnings = ["import ", "@_", "#if", "#endif", "#else", "@main"]
        for file in try TreeFile.all(under: "Sources") where file.lines.count > 150 {
            let first = file.lines.first { line in !line.isEmpty && !beginnings.contains { line.hasPrefix($0) } }
            // What an extension adds to is described where it is declared.
            if first?.hasPrefix("extension ") == true { continue }
            #expect(
                first?.hasPrefix("//") == true, "\(file.path) has no header and no comment on what it declares first")
        }
    }
}
