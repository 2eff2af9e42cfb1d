import HostSystem
import SluiceTool
import TestSupport
import Testing

/// Lists, histories and logs of deployed jobs, as commands show them. Nothing here runs.
@Suite struct DeploymentRecordsTests {
    @Test func jobsAreListedALineEach() throws {
        let lines = JobTable(jobs: [try DeploymentStatusTests.status()]).text.split(separator: "\n")
        #expect(
            lines == [
                "job     live    lag      checkpoint  restarts  candidate    lag             checkpoint  restarts",
                "orders  1 LIVE  12 rows  0.2 s ago   1         2 REPLAYING  1,700,000 rows  0.8 s ago   0",
            ])
        var stopped = try DeploymentStatusTests.status()
        stopped.candidate = nil
        stopped.versions[0].wanted = .stopped
        stopped.versions[0].checkpointAgeMilliseconds = nil
        stopped.versions[0].worker = nil
        let line = JobTable(jobs: [stopped]).text.split(separator: "\n")[1]
        #expect(line == "orders  1 LIVE, stopped  12 rows  none yet              -")
    }

    @Test func aHistoryIsALogBook() throws {
        let json = """
            {"transitions":[
               {"version":2,"at":0,"from":null,"to":"PLANNED","reason":"","by":"user","command":"deploy orders o.sql","journalPosition":null},
               {"version":2,"at":0,"from":"PLANNED","to":"REPLAYING","reason":"3 inputs","by":"server","command":null,"journalPosition":null},
               {"version":10,"at":9000,"from":"READY","to":"LIVE","reason":"spliced","by":"journal","command":null,"journalPosition":80}],
             "exits":[{"version":2,"at":500,"ending":"signal 9 (Killed)","lastLines":["one","two",""]},
                      {"version":2,"at":400,"ending":"an end that nobody saw","lastLines":[]}],
             "audits":[{"oldVersion":1,"newVersion":2,"verdict":"WARN","at":1234,"oldPosition":7,"newPosition":8}]}
            """
        let history = try DeploymentHistory(JSONValue(parsing: json))
        #expect(
            history.lines("orders").map(\.text) == [
                "1970-01-01 00:00:00.000Z  orders@2   PLANNED  (deploy orders o.sql)",
                "1970-01-01 00:00:00.000Z  orders@2   PLANNED -> REPLAYING  3 inputs  (server)",
                "1970-01-01 00:00:00.400Z  orders@2   the worker ended: an end that nobody saw",
                "1970-01-01 00:00:00.500Z  orders@2   the worker ended: signal 9 (Killed): two",
                "1970-01-01 00:00:01.234Z  orders@2   audit against orders@1: WARN",
                "1970-01-01 00:00:09.000Z  orders@10  READY -> LIVE  spliced  (journal, position 80)",
            ])
        #expect(history.lines("orders", version: 10).count == 1)
        #expect(throws: MalformedAnswer.self) { try DeploymentHistory(JSONValue(parsing: "{}")) }
    }

    @Test func aVersionIsReadWithItsSettings() throws {
        let json = """
            {"versions":[{"version":2,"state":"REPLAYING","sql":"SELECT 2"},
              {"version":1,"state":"LIVE","wanted":"running","role":"live","since":0,"reason":"","createdAt":0,
               "file":"o.sql","sql":"SELECT 1","settings":[["a","b=c"],["odd"]],"fingerprint":["1 scan"],
               "engineVersion":"0.1.0","from":"beginning"}]}
            """
        let versions = try DeployedVersion.all(JSONValue(parsing: json))
        #expect(versions.map(\.number) == [1, 2])
        #expect(versions[0].settings == ["a=b=c"] && versions[0].sql == "SELECT 1")
    }

    // MARK: Logs

    private func reader(_ workspace: Workspace) -> LogReader {
        LogReader(folder: workspace.path + "/2", files: PosixFileSystem())
    }

    private func last(_ count: Int, _ workspace: Workspace) throws -> String {
        var reader = reader(workspace)
        return String(decoding: try reader.last(count), as: UTF8.self)
    }

    @Test func theLastLinesAreThoseOfOlderFilesToo() throws {
        let workspace = try Workspace()
        #expect(try last(5, workspace) == "")
        try workspace.write("a\nb\n", to: "2/log.2")
        try workspace.write("c\n", to: "2/log.1")
        try workspace.write("d\ne", to: "2/log")
        for (count, expected) in [
            (0, ""), (1, "e"), (2, "d\ne"), (3, "c\nd\ne"), (4, "b\nc\nd\ne"), (5, "a\nb\nc\nd\ne"),
            (6, "a\nb\nc\nd\ne"),
        ] {
            #expect(try last(count, workspace) == expected, "\(count) lines")
        }
        // Longer than what is read at a time, with and without an end of the last line.
        let long = (0..<40_000).map { "line \($0)\n" }.joined()
        try workspace.write(long, to: "2/log")
        #expect(try last(2, workspace) == "line 39998\nline 39999\n")
        #expect(try last(40_000, workspace) == long)
        #expect(try last(40_001, workspace) == "c\n" + long)
        try workspace.write("\n\n", to: "2/log")
        #expect(try last(1, workspace) == "\n")
        #expect(try last(2, workspace) == "\n\n")
    }

    @Test func aReaderFollowsALogThroughItsRenaming() throws {
        let workspace = try Workspace()
        var reader = reader(workspace)
        #expect(try reader.next().isEmpty)
        try workspace.write("a\nb\n", to: "2/log")
        #expect(try reader.last(1) == Array("b\n".utf8))
        #expect(try reader.next().isEmpty)
        let files = PosixFileSystem()
        let log = try files.open(workspace.path + "/2/log", .createIfMissing)
        defer { log.close() }
        try log.write(Array("c\n".utf8), at: 4)
        #expect(try reader.next() == Array("c\n".utf8))
        // Said before the file was renamed, and read after.
        try log.write(Array("d\n".utf8), at: 6)
        try files.rename(workspace.path + "/2/log", to: workspace.path + "/2/log.1")
        #expect(try reader.next() == Array("d\n".utf8))
        #expect(try reader.next().isEmpty)
        try workspace.write("e\n", to: "2/log")
        #expect(try reader.next() == Array("e\n".utf8))
        #expect(try reader.next().isEmpty)
    }
}
