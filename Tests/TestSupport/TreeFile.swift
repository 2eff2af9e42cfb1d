import Foundation

/// A text file of the package, for the tests that lint the tree.
package struct TreeFile {
    /// From the root of the package.
    package let path: String
    package let lines: [Substring]

    package var name: Substring { path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...] }

    package init(_ path: String) throws {
        self.path = path
        let text = try String(contentsOfFile: SourceTree.root + "/" + path, encoding: .utf8)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// All files with one of these endings under a folder of the package, sorted; hidden ones are left out.
    package static func all(under folder: String, endings: [String] = [".swift"]) throws -> [TreeFile] {
        let root = SourceTree.root + "/" + folder
        guard FileManager.default.fileExists(atPath: root) else { return [] }
        return try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
            .filter { path in endings.contains { path.hasSuffix($0) } }
            .filter { path in !path.split(separator: "/").contains { $0.hasPrefix(".") } }
            .map { try TreeFile(folder + "/" + $0) }
    }

    /// The words (letters, digits, underscores) of the code: what stands behind `//` in a line is left out.
    package var words: Set<Substring> {
        var words: Set<Substring> = []
        for line in lines {
            let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
            for word in code.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }) { words.insert(word) }
        }
        return words
    }
}
