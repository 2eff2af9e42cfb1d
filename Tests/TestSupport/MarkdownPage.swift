import Foundation

/// A page of documentation: its links and its fenced blocks.
package struct MarkdownPage {
    package struct FencedBlock {
        /// Where its opening fence stands, from 1 on.
        package var line: Int
        /// The info string: the language, then what is done with the block.
        package var words: [String]
        package var text: String

        /// The name of the file that this block is.
        package var file: String? {
            words.first { $0.hasPrefix("file=") }.map { String($0.dropFirst("file=".count)) }
        }
        package var isExecuted: Bool { words.contains("run") }
    }

    package let path: String
    package let text: String

    /// `path` begins at the root of the package.
    package init(_ path: String) throws {
        self.path = path
        text = try String(contentsOfFile: SourceTree.root + "/" + path, encoding: .utf8)
    }

    /// All pages under a folder, by their path from the root of the package.
    package static func paths(under folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: SourceTree.root + "/" + folder)
            .filter { $0.hasSuffix(".md") }.map { folder + "/" + $0 }.sorted()
    }

    package var fencedBlocks: [FencedBlock] {
        var blocks: [FencedBlock] = []
        var open: FencedBlock?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if var block = open {
                if line == "```" {
                    blocks.append(block)
                    open = nil
                } else {
                    block.text += line + "\n"
                    open = block
                }
            } else if line.hasPrefix("```") {
                let words = line.dropFirst(3).split(separator: " ").map(String.init)
                open = FencedBlock(line: index + 1, words: words, text: "")
            }
        }
        return blocks
    }

    /// The targets of `[text](target)` outside fenced blocks.
    package var linkTargets: [String] {
        var targets: [String] = []
        var isFenced = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced else { continue }
            for match in line.matches(of: /\]\(([^)\s]+)\)/) { targets.append(String(match.output.1)) }
        }
        return targets
    }
}
