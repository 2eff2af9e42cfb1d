import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import Testing

@Suite struct FileSourcePathTests {
    private let files = SimulatedFileSystem()

    private func put(_ paths: [String]) throws { for path in paths { try files.put(path, "{\"a\":1}\n") } }

    private func paths(_ pattern: String, regex: String? = nil) throws -> [String] {
        var description = FileSourceDescription.json(pattern)
        description.pathPattern = regex
        return try FileSourceRun(description, files).read().map(\.path)
    }

    @Test func patternsFindFilesInTheOrderOfTheirPaths() throws {
        try put([
            "in/b.json", "in/a.json", "in/a.csv", "in/.h.json", "in/_t.json", "in/x/a.json", "in/x/y/b.json",
            "in/[z].json", "in/_x/a.json",
        ])
        #expect(try paths("in/*.json") == ["in/[z].json", "in/a.json", "in/b.json"])
        #expect(try paths("in/?.json") == ["in/a.json", "in/b.json"])
        #expect(try paths("in/[a-b].*") == ["in/a.csv", "in/a.json", "in/b.json"])
        #expect(try paths("in/[!a].json") == ["in/b.json"])
        #expect(try paths("in/a.{json,csv}") == ["in/a.csv", "in/a.json"])
        #expect(try paths("in/{a,b}.{json,txt}") == ["in/a.json", "in/b.json"])
        #expect(try paths("in/**/a.json") == ["in/a.json", "in/x/a.json"])
        #expect(try paths("in/**/y/*") == ["in/x/y/b.json"])
        #expect(try paths("in/x/**") == ["in/x/a.json", "in/x/y/b.json"])
        #expect(try paths("in/*") == paths("in"))
        #expect(try paths("in/_*.json") == ["in/_t.json"])
        // A file of that very name is no pattern.
        #expect(try paths("in/[z].json") == ["in/[z].json"])
        #expect(try paths("in/\\[z].json") == ["in/[z].json"])
    }

    @Test func aPatternThatMatchesNothingIsAnError() throws {
        try put(["in/a"])
        let failure = #expect(throws: JobFailure.self) { try paths("in/*.json") }
        #expect(failure?.message == "table \"t\" reads 'in/*.json', which matches no file")
        let tooMany = #expect(throws: JobFailure.self) { try paths("in/" + String(repeating: "{a,b}", count: 20)) }
        #expect(tooMany?.kind == .data)
    }

    @Test func aRegularExpressionMatchesWholeAbsolutePaths() throws {
        try put(["in/a-1.json", "in/a-22.json", "in/x/a-3.json", "in/a-1.json.bak"])
        #expect(try paths("in", regex: "/in/a-\\d+\\.json") == ["in/a-1.json", "in/a-22.json"])
        #expect(try paths("in", regex: ".*/x/.*") == ["in/x/a-3.json"])
        let none = #expect(throws: JobFailure.self) { try paths("in", regex: "a-1.json") }
        #expect(none?.kind == .world && none?.hint?.contains("absolute path") == true)
        let failure = #expect(throws: JobFailure.self) { try paths("in", regex: "(") }
        #expect(failure?.kind == .data)
    }

    @Test func aRowKnowsItsFile() throws {
        try files.put("in/x.json", "{\"a\":1}\n{\"a\":2}\n")
        try files.put("in/y.json", "{\"a\":3}\n")
        var description = FileSourceDescription.json("./in")
        description.metadata = [.path, .name, .size]
        description.rowsPerBatch = 1
        let rows = try FileSourceRun(description, files).read()
        #expect(
            rows.map(\.text) == [
                "1,/in/x.json,x.json,16", "2,/in/x.json,x.json,16", "3,/in/y.json,y.json,8",
            ])
    }

    @Test func absolutePathsHaveNoDots() {
        #expect(FilePath.absolute("a/./b/../c", workingDirectory: "/w") == "/w/a/c")
        #expect(FilePath.absolute("/a//b/", workingDirectory: "/w") == "/a/b")
        #expect(FilePath.absolute("../..", workingDirectory: "/w") == "/")
    }
}
