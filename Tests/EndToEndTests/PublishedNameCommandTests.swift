import TestSupport
import Testing

/// What a deployed job publishes, in the hands of people and scripts.
@Suite struct PublishedNameCommandTests {
    private struct Switched {
        var workspace: Workspace
        /// Of the journal, before the switch.
        var position: UInt64
    }

    /// Version 1 with the rows 1 and 2; version 2, live by now, has another 1, no 2, and a 3.
    private func switched() throws -> Switched {
        let workspace = try Workspace()
        let directory = try DeployedDirectory("state", in: workspace)
        try directory.deploy(1, [(.insert, 1, 10), (.insert, 2, 20)])
        try directory.deploy(2, [(.insert, 1, 11), (.insert, 3, 30)])
        let position = try directory.position()
        try directory.makeLive(
            2, from: 1, difference: [(.updateBefore, 1, 10), (.updateAfter, 1, 11), (.delete, 2, 20), (.insert, 3, 30)])
        try directory.commit(2, 1, try directory.write([(.insert, 4, 40)], to: "revenue@2"))
        return Switched(workspace: workspace, position: position)
    }

    private func sluice(_ arguments: String..., in workspace: Workspace, fails code: Int32 = 0) throws -> SluiceRun {
        let run = try SluiceRun(SluiceRun.start(arguments + ["--data", "state"], in: workspace))
        #expect(run.ending == .exit(code), "\(arguments): \(run.messages)")
        return run
    }

    private func rows(_ topic: String, in workspace: Workspace) throws -> String {
        try sluice("topic", "consume", topic, "--from-beginning", "--until-end", in: workspace).output
    }

    private func table(_ name: String, _ more: String..., in workspace: Workspace) throws -> String {
        let arguments = ["sql", "--output", "csv", "-e", "SELECT id, n FROM \(name) ORDER BY id", "--data", "state"]
        let run = try SluiceRun(SluiceRun.start(arguments + more, in: workspace))
        #expect(run.ending == .exit(0), "\(name): \(run.messages)")
        return run.output.split(separator: "\n").dropFirst().joined(separator: " ")
    }

    @Test func aNameIsReadThroughASwitch() throws {
        let (workspace, position) = { ($0.workspace, $0.position) }(try switched())
        #expect(
            try rows("revenue", in: workspace) == """
                {"op":"+I","row":{"id":1,"n":10}}
                {"op":"+I","row":{"id":2,"n":20}}
                {"op":"-U","row":{"id":1,"n":10}}
                {"op":"+U","row":{"id":1,"n":11}}
                {"op":"-D","row":{"id":2,"n":20}}
                {"op":"+I","row":{"id":3,"n":30}}
                {"op":"+I","row":{"id":4,"n":40}}

                """)
        #expect(try rows("revenue@previous", in: workspace).split(separator: "\n").count == 2)
        #expect(try table("revenue", in: workspace) == "1,11 3,30 4,40")
        #expect(try table("revenue", "--at", "\(position)", in: workspace) == "1,10 2,20")
        #expect(try table("`revenue$v1`", in: workspace) == "1,10 2,20")
        #expect(try table("`revenue$live`", in: workspace) == "1,11 3,30 4,40")
        #expect(try table("`revenue@live`", "--at", "\(position)", in: workspace) == "1,10 2,20")
        let missing = try sluice("topic", "consume", "revenue@candidate", in: workspace, fails: 4)
        #expect(missing.messages.contains("revenue@1 (previous), revenue@2 (live)"))
        let unknown = try sluice("sql", "-e", "SELECT * FROM `revenue$v9`", in: workspace, fails: 1)
        #expect(unknown.messages.contains("topic \"revenue\" has no version 9"))
    }

    @Test func aJobReadsANameAndMayNotWriteIt() throws {
        let workspace = try switched().workspace
        func table(_ name: String, _ topic: String) -> String {
            """
            CREATE TABLE \(name) (id BIGINT NOT NULL, n INT, PRIMARY KEY (id) NOT ENFORCED)
              WITH ('connector' = 'log', 'topic' = '\(topic)');

            """
        }
        for (topic, copy, rows) in [
            ("revenue", "all", "1,11 3,30 4,40"), ("revenue@previous", "old", "1,10 2,20"),
        ] {
            try workspace.write(
                table("revenue", topic) + table("copy", copy) + "INSERT INTO copy SELECT * FROM revenue;\n",
                to: "\(copy).sql")
            _ = try sluice("run", "\(copy).sql", "--available-now", in: workspace)
            #expect(try self.table("`\(copy)`", in: workspace) == rows)
        }
        try workspace.write(
            table("there", "revenue@1") + table("here", "revenue") + "INSERT INTO here SELECT * FROM there;\n",
            to: "write.sql")
        let refused = try sluice("run", "write.sql", in: workspace, fails: 4)
        #expect(refused.messages.contains("topic \"revenue\" belongs to the deployed job \"orders\""))
        #expect(refused.messages.contains("hint: change the job and deploy it again"))
    }

    @Test func topicsShowWhoseTheyAre() throws {
        let workspace = try switched().workspace
        let list = try sluice("topic", "list", in: workspace).output
        #expect(list.contains("orders, live orders@2") && list.contains("orders@1, previous"))
        let text = try sluice("topic", "describe", "revenue", in: workspace).output
        #expect(text.contains("published by the deployed job \"orders\", whose live version is orders@2"))
        #expect(
            text.hasSuffix(
                """
                rows of                         from offset  which there is
                revenue@1           version 1   0            0
                revenue-difference  difference  2            0
                revenue@2           version 2   6            2

                """), "\(text)")
        let json = try sluice("topic", "describe", "revenue@live", "--output", "json", in: workspace).output
        #expect(json.contains(#""topic":"revenue@2""#) && json.contains(#""role":"live""#))
    }

    @Test func itsTopicsAreLeftAlone() throws {
        let workspace = try switched().workspace
        try workspace.write("{\"id\":9,\"n\":9}\n", to: "rows.jsonl")
        let message = "topic \"revenue\" belongs to the deployed job \"orders\""
        for command in [
            ["produce", "revenue", "rows.jsonl"], ["delete", "revenue"], ["alter", "revenue", "--add", "x INT"],
            ["trim", "revenue", "--before", "1"], ["create", "revenue", "--schema", "id INT"],
        ] {
            let run = try SluiceRun(
                SluiceRun.start(["topic"] + command + ["--data", "state"], in: workspace))
            #expect(run.ending == .exit(4) && run.messages.contains(message), "\(command): \(run.messages)")
            #expect(run.messages.contains("hint: "))
        }
        let trimmed = try sluice("topic", "trim", "revenue@1", "--before", "1", in: workspace)
        #expect(trimmed.messages.contains("the first kept one is 1"))
        #expect(try rows("revenue", in: workspace).split(separator: "\n").count == 6)
    }
}
