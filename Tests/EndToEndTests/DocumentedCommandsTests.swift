import Foundation
import TestSupport
import Testing

// What README and Docs show is run as it is printed. The info string of a fenced block says what it is:
//
//     ```sql file=NAME      the block is this file (so for any language)
//     ```sh run             the block is run by bash, beside the files before it
//     ```text output        the block is what the command before it has written to standard output
//
// The blocks of one page share a folder and are taken in order. What a block starts in the background has both outputs in
// files, and is ended by a later block: a page leaves no process behind.

@Suite struct DocumentedCommandsTests {
    static let pages = ["README.md"] + ((try? MarkdownPage.paths(under: "Docs")) ?? [])

    @Test(arguments: pages)
    func whatAPageShowsIsWhatHappens(page: String) throws {
        let blocks = try MarkdownPage(page).fencedBlocks
        guard blocks.contains(where: { $0.isExecuted }) else { return }
        let workspace = try Workspace()
        var lastOutput = ""
        defer { Self.expectNothingRuns(in: workspace, after: page) }
        for block in blocks {
            if let name = block.file {
                try workspace.write(block.text, to: name)
            } else if block.words.dropFirst().first == "run" {
                let script = "set -euo pipefail\n" + block.text
                let path = try BuiltProducts.folder() + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
                let process = try ChildProcess(
                    "/bin/bash", ["-c", script], in: workspace.path, environment: ["PATH": path])
                let ending = try process.wait()
                #expect(ending == .exit(0), "\(page):\(block.line): \(process.messageText)")
                lastOutput = process.outputText
            } else if block.words.dropFirst().first == "output" {
                #expect(lastOutput == block.text, "\(page):\(block.line)")
            }
        }
    }

    private static func expectNothingRuns(in workspace: Workspace, after page: String) {
        do {
            let left = try LeftProcesses.end(workingIn: workspace.path)
            #expect(left.isEmpty, "\(page) leaves processes behind")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func theReadmeRunsAJob() throws {
        #expect(try MarkdownPage("README.md").fencedBlocks.contains { $0.isExecuted })
    }
}
