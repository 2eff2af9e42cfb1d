import TestSupport
import Testing

/// Kills at the end of a run, and inputs that changed while nobody looked.
@Suite struct InterruptedEndTests {
    private static let copy = """
        CREATE TABLE lines (k STRING, v INT)
          WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'csv');
        CREATE TABLE copied (k STRING, v INT)
          WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
        INSERT INTO copied SELECT k, v FROM lines;
        """

    private func workspace(_ lines: String) throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write(Self.copy, to: "copy.sql")
        try workspace.write(lines, to: "in/a")
        return workspace
    }

    private func published(_ workspace: Workspace) throws -> String {
        String(decoding: try workspace.published("out"), as: UTF8.self)
    }

    @Test(arguments: ["after-commit", "after-rename", "before-folder-sync"])
    func whatTheLastCommitLeftIsDoneByTheNextStart(point: String) throws {
        let workspace = try workspace("a,1\nb,2\n")
        // Checkpoint 0 renames nothing: the commit that counts is the second one, the rename the first one.
        let time = point == "after-commit" ? 2 : 1
        let killed = try SluiceRun(
            "run", "copy.sql", "--data", "state", in: workspace, environment: ["SLUICE_FAULT": "\(point):\(time)"])
        #expect(killed.ending == .signal(9), "\(killed.ending) \(killed.messages)")
        let again = try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        #expect(again.ending == .exit(0), "\(again.messages)")
        #expect(
            again.messages.contains("finished before") && !again.messages.contains("earlier runs"), "\(again.messages)")
        #expect(try published(workspace) == "{\"k\":\"a\",\"v\":1}\n{\"k\":\"b\",\"v\":2}\n")
    }

    @Test func aHalfLineWaitsAlsoWhereTheRunThatSawItWasKilled() throws {
        let workspace = try workspace("a,1\nb,12")
        let killed = try SluiceRun(
            "run", "copy.sql", "--data", "state", "--available-now", in: workspace,
            environment: ["SLUICE_FAULT": "after-commit:1"])
        #expect(killed.ending == .signal(9))
        try workspace.append("34\n", to: "in/a")
        let resumed = try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        #expect(resumed.ending == .exit(0), "\(resumed.messages)")
        #expect(try published(workspace) == "{\"k\":\"a\",\"v\":1}\n{\"k\":\"b\",\"v\":1234}\n")
    }

    @Test func aFinishedRunSaysThatItsInputWasChanged() throws {
        let workspace = try workspace("a,1\n")
        try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        try workspace.write("Z,9\n", to: "in/a")
        let again = try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        #expect(again.ending == .exit(1))
        #expect(again.messages.contains("'in/a' has changed"), "\(again.messages)")
    }

    @Test func freshLooksAtTheInputBeforeItSetsOutputAside() throws {
        let workspace = try workspace("a,1\n")
        try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        try workspace.write(Self.copy.replacing("'in'", with: "'elsewhere'"), to: "copy.sql")
        let fresh = try SluiceRun("run", "copy.sql", "--data", "state", "--fresh", in: workspace)
        #expect(fresh.ending == .exit(1) && fresh.messages.contains("elsewhere"), "\(fresh.messages)")
        #expect(try published(workspace) == "{\"k\":\"a\",\"v\":1}\n")
    }

    @Test func renamesThatAreDueAreDoneAlsoWhereTheInputIsGone() throws {
        let workspace = try workspace("a,1\n")
        try SluiceRun(
            "run", "copy.sql", "--data", "state", in: workspace, environment: ["SLUICE_FAULT": "after-commit:2"])
        try workspace.remove("in")
        let again = try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        #expect(again.ending == .exit(0), "\(again.messages)")
        #expect(try published(workspace) == "{\"k\":\"a\",\"v\":1}\n")
    }

    @Test func aHalfWrittenHeaderIsAHeaderOnceItIsWhole() throws {
        let workspace = try workspace("k,v\nb,1\n")
        try workspace.write(
            Self.copy.replacing("'csv')", with: "'csv', 'csv.skip-header' = 'true')"), to: "copy.sql")
        try SluiceRun("run", "copy.sql", "--data", "state", "--available-now", in: workspace)
        // A file before it, of which only half the header is there; the first one grows.
        try workspace.write("\u{FEFF}k,v", to: "in/A")
        try workspace.append("b,2\n", to: "in/a")
        try SluiceRun("run", "copy.sql", "--data", "state", "--available-now", in: workspace)
        try workspace.append("\nc,3\n", to: "in/A")
        let last = try SluiceRun("run", "copy.sql", "--data", "state", "--available-now", in: workspace)
        #expect(last.ending == .exit(0), "\(last.messages)")
        #expect(
            try published(workspace) == "{\"k\":\"b\",\"v\":1}\n{\"k\":\"b\",\"v\":2}\n{\"k\":\"c\",\"v\":3}\n")
    }

    @Test func freshLeadsOutOfDamagedState() throws {
        let workspace = try workspace("a,1\n")
        try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        for name in try workspace.files(under: "state/jobs/copy/run/delta") {
            try workspace.write("rotten", to: "state/jobs/copy/run/delta/" + name)
        }
        let damaged = try SluiceRun("run", "copy.sql", "--data", "state", in: workspace)
        #expect(damaged.ending == .exit(1) && damaged.messages.contains("--fresh"), "\(damaged.messages)")
        let fresh = try SluiceRun("run", "copy.sql", "--data", "state", "--fresh", in: workspace)
        #expect(fresh.ending == .exit(0), "\(fresh.messages)")
    }
}
