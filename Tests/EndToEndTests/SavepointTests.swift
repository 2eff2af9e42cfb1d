import Foundation
import HostSystem
import TestSupport
import Testing

// Savepoints of a job that watches a folder: made while it runs, started from elsewhere, refused where they do not fit.

@Suite struct SavepointTests {
    private static let sql = """
        CREATE TABLE clicks (k STRING, v INT) WITH (
          'connector' = 'filesystem', 'path' = 'input', 'format' = 'csv', 'source.monitor-interval' = '10ms');
        CREATE TABLE sums (k STRING, total BIGINT) WITH (
          'connector' = 'filesystem', 'path' = 'output', 'format' = 'debezium-json');
        INSERT INTO sums SELECT k, SUM(v) FROM clicks GROUP BY k;
        """

    private func workspace() throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write(Self.sql, to: "sums.sql")
        try workspace.write("a,1\nb,2\n", to: "input/1.csv")
        return workspace
    }

    /// Starts the job, and waits until it has told of a checkpoint behind the first rows.
    private func started(_ workspace: Workspace) throws -> ChildProcess {
        let process = try SluiceRun.start(
            ["run", "sums.sql", "--data", "state", "-D", "sluice.progress-interval=0ms"], in: workspace)
        try #require(process.read { $0.checkpointsTold >= 1 }, "\(process.messageText)")
        return process
    }

    private func stop(_ process: ChildProcess) throws {
        process.send(SIGTERM)
        #expect(try process.wait() == .exit(0), "\(process.messageText)")
    }

    @Test func aCopiedSavepointIsTheStateItWasMadeOf() throws {
        let workspace = try workspace()
        let process = try started(workspace)
        let made = try SluiceRun("savepoint", "sums", "saved", "--data", "state", in: workspace)
        #expect(made.ending == .exit(0), "\(made.messages)")
        #expect(made.output.hasSuffix("/saved\n"))
        let again = try SluiceRun("savepoint", "sums", "saved", "--data", "state", in: workspace)
        #expect(again.ending == .exit(4), "a folder that is there is not written to: \(again.messages)")
        try stop(process)
        #expect(try workspace.table("output").sortedRows() == ["a\t1", "b\t2"])
        try FileManager.default.copyItem(
            atPath: workspace.path + "/saved", toPath: workspace.path + "/elsewhere")
        try FileManager.default.removeItem(atPath: workspace.path + "/state")
        try workspace.write("a,10\n", to: "input/2.csv")
        for parallelism in ["2", "1"] {
            // The second start goes on from its own checkpoint: the savepoint was taken up before.
            let next = try SluiceRun(
                "run", "sums.sql", "--data", "other", "-s", "elsewhere", "--available-now", "--parallelism",
                parallelism, in: workspace)
            #expect(next.ending == .exit(0), "\(next.messages)")
            #expect(try workspace.table("output").sortedRows() == ["a\t11", "b\t2"])
        }
    }

    @Test func whatDoesNotFitIsRefusedWithTheOperator() throws {
        let workspace = try workspace()
        let process = try started(workspace)
        try SluiceRun("savepoint", "sums", "saved", "--data", "state", in: workspace)
        try stop(process)
        try workspace.write(Self.sql.replacingOccurrences(of: "SUM(v)", with: "SUM(v) + MIN(v)"), to: "sums.sql")
        let other = try SluiceRun("run", "sums.sql", "--data", "other", "-s", "saved", in: workspace)
        #expect(other.ending == .exit(4), "\(other.messages)")
        #expect(other.messages.contains("does not fit this plan") && other.messages.contains("aggregate"))
        try workspace.write(Self.sql, to: "sums.sql")
        let own = try SluiceRun("run", "sums.sql", "--data", "state", "-s", "saved", in: workspace)
        #expect(own.ending == .exit(4) && own.messages.contains("has state of its own"), "\(own.messages)")
        let none = try SluiceRun("run", "sums.sql", "--data", "other", "-s", "input", in: workspace)
        #expect(none.ending == .exit(4) && none.messages.contains("manifest"), "\(none.messages)")
        let nowhere = try SluiceRun("run", "sums.sql", "--data", "other", "-s", "nowhere", in: workspace)
        #expect(
            nowhere.ending == .exit(4) && nowhere.messages.contains("there is no savepoint 'nowhere'"),
            "\(nowhere.messages)")
    }

    @Test func aDamagedSavepointIsRefusedAndLeavesNothingBehind() throws {
        let workspace = try workspace()
        let process = try started(workspace)
        try SluiceRun("savepoint", "sums", "saved", "--data", "state", in: workspace)
        try stop(process)
        let deltas = workspace.path + "/saved/delta"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: deltas).first)
        var bytes = try #require(FileManager.default.contents(atPath: "\(deltas)/\(name)"))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: "\(deltas)/\(name)"))
        let damaged = try SluiceRun("run", "sums.sql", "--data", "other", "-s", "saved", in: workspace)
        #expect(damaged.ending == .exit(4) && damaged.messages.contains("cannot be used"), "\(damaged.messages)")
        let fresh = try SluiceRun("run", "sums.sql", "--data", "other", "--available-now", in: workspace)
        #expect(fresh.ending == .exit(0), "\(fresh.messages)")
    }

    @Test(arguments: [FaultPoint.insideSavepoint, .beforeSavepointRename])
    func aKillWhileItIsMadeLeavesNone(point: FaultPoint) throws {
        let workspace = try workspace()
        let process = try SluiceRun.start(
            ["run", "sums.sql", "--data", "state", "-D", "sluice.progress-interval=0ms"], in: workspace,
            environment: ["SLUICE_FAULT": "\(point.rawValue):1"])
        try #require(process.read { $0.checkpointsTold >= 1 }, "\(process.messageText)")
        let made = try SluiceRun("savepoint", "sums", "saved", "--data", "state", in: workspace)
        #expect(made.ending != .exit(0), "\(made.messages)")
        #expect(try process.wait() == .signal(SIGKILL))
        #expect(!FileManager.default.fileExists(atPath: workspace.path + "/saved/manifest"))
        // So that there is something to commit.
        try workspace.write("c,3\n", to: "input/2.csv")
        let next = try started(workspace)
        let again = try SluiceRun("savepoint", "sums", "saved", "--data", "state", in: workspace)
        #expect(again.ending == .exit(0), "\(again.messages)")
        try stop(next)
        try FileManager.default.removeItem(atPath: workspace.path + "/state")
        let taken = try SluiceRun("run", "sums.sql", "--data", "other", "-s", "saved", "--available-now", in: workspace)
        #expect(taken.ending == .exit(0), "\(taken.messages)")
        #expect(try workspace.table("output").sortedRows() == ["a\t1", "b\t2", "c\t3"])
    }

    @Test func aJobThatDoesNotRunHasNoSavepoint() throws {
        let made = try SluiceRun("savepoint", "sums", "--data", "state", in: try Workspace())
        #expect(made.ending == .exit(4) && made.messages.contains("no job \"sums\" is running"), "\(made.messages)")
    }

    @Test func checkpointsAreRetained() throws {
        let workspace = try workspace()
        let process = try SluiceRun.start(
            [
                "run", "sums.sql", "--data", "state", "-D", "execution.checkpointing.num-retained=2", "-D",
                "sluice.progress-interval=0ms",
            ], in: workspace)
        for file in 2...5 {
            try workspace.write("a,1\n", to: "input/\(file).csv")
            try #require(process.read { $0.checkpointsTold >= file - 1 }, "\(process.messageText)")
        }
        try stop(process)
        let kept = try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/state/jobs/sums/checkpoints")
        #expect(kept.count == 2 && kept.allSatisfy { $0.hasPrefix("chk-") }, "\(kept)")
    }
}
