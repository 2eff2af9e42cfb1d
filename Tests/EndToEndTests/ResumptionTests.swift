import Glibc
import TestSupport
import Testing

/// What a second start finds, and what it does: the table in "A run, its name, its state" of the documentation.
@Suite struct ResumptionTests {
    @Test func aFinishedRunSaysSoAndWritesNothing() throws {
        let workspace = try PaymentsJob.workspace()
        let first = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(first.ending == .exit(0), "\(first.messages)")
        let before = try (workspace.totals, workspace.files(under: "output"))
        #expect(before.0 == PaymentsJob.firstTable)

        let second = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(second.ending == .exit(0))
        #expect(second.messages.contains("finished"), "\(second.messages)")
        #expect(try workspace.files(under: "output") == before.1)
    }

    @Test func grownInputOfAFinishedRunIsAConflict() throws {
        let workspace = try PaymentsJob.workspace()
        try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        try workspace.append(PaymentsJob.moreLines, to: "input/payments.jsonl")

        let grown = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(grown.ending == .exit(4))
        #expect(grown.messages.contains("payments.jsonl"), "\(grown.messages)")
        #expect(grown.messages.contains("\(PaymentsJob.moreLines.utf8.count)"), "\(grown.messages)")
        #expect(grown.messages.contains("--fresh") && grown.messages.contains("--available-now"), "\(grown.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable)
    }

    @Test func freshSetsTheOldPartsAsideAndBeginsAnew() throws {
        let workspace = try PaymentsJob.workspace()
        try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        let old = try workspace.published("output/totals")
        try workspace.append(PaymentsJob.moreLines, to: "input/payments.jsonl")

        let fresh = try SluiceRun("run", "payments.sql", "--data", "state", "--fresh", in: workspace)
        #expect(fresh.ending == .exit(0), "\(fresh.messages)")
        #expect(try workspace.totals == PaymentsJob.wholeTable)
        let aside = try workspace.files(under: "output/totals").filter {
            $0.hasPrefix("_set-aside-") && $0.contains("part-")
        }
        #expect(try aside.flatMap { try workspace.bytes(of: "output/totals/" + $0) } == old)
    }

    /// The old run's database and the new one's stand at one path.
    @Test func freshBeginsWithADatabaseOfItsOwn() throws {
        let workspace = try Workspace()
        try workspace.write(
            """
            CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '1500000',
              'rows-per-second' = '100000000',
              'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1500000');
            CREATE TABLE counts (n BIGINT, c BIGINT) WITH ('connector' = 'blackhole');
            INSERT INTO counts SELECT n, COUNT(*) FROM numbers GROUP BY n;

            """, to: "counts.sql")
        for _ in 0..<2 {
            let run = try SluiceRun("run", "counts.sql", "--data", "state", "--fresh", in: workspace)
            #expect(run.ending == .exit(0), "\(run.messages)")
            #expect(workspace.exists("state/jobs/counts/run/rocksdb/CURRENT"), "nothing was materialised")
            let left = try workspace.files(under: "state/jobs/counts/run").filter { $0.contains("incoming") }
            #expect(left.isEmpty, "a materialisation was broken off")
        }
    }

    @Test func anEditedFinishedFileBeginsAnew() throws {
        let workspace = try PaymentsJob.workspace()
        try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        try workspace.write(
            PaymentsJob.sql.replacing("SUM(amount)", with: "MAX(amount)"), to: "payments.sql")
        let edited = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(edited.ending == .exit(0), "\(edited.messages)")
        #expect(try workspace.totals == ["alice\t2\t5", "bob\t1\t7", "carol\t1\tnull"])
    }

    @Test func anotherLayoutOfTheSameFileIsTheSameJob() throws {
        let workspace = try PaymentsJob.workspace()
        try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        let before = try workspace.files(under: "output")
        let layout = "-- the same\n" + PaymentsJob.sql.replacing("SELECT name,", with: "SELECT\n  name, /* key */")
        try workspace.write(layout, to: "payments.sql")
        let again = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(again.ending == .exit(0) && again.messages.contains("finished"), "\(again.messages)")
        #expect(try workspace.files(under: "output") == before)
    }

    @Test func anUnfinishedRunOfAnotherPlanIsAConflict() throws {
        let workspace = try PaymentsJob.workspace()
        try SluiceRun("run", "payments.sql", "--data", "state", "--available-now", in: workspace)
        try workspace.write(
            PaymentsJob.sql.replacing("SUM(amount)", with: "MAX(amount)"), to: "payments.sql")
        let edited = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(edited.ending == .exit(4))
        #expect(edited.messages.contains("--fresh"), "\(edited.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable)
    }

    @Test func availableNowGoesOnWithWhatWasAdded() throws {
        let workspace = try PaymentsJob.workspace()
        let first = try SluiceRun("run", "payments.sql", "--data", "state", "--available-now", in: workspace)
        #expect(first.ending == .exit(0), "\(first.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable)
        #expect(try workspace.files(under: "output/totals").allSatisfy { !$0.hasPrefix(".part") })

        try workspace.append(PaymentsJob.moreLines, to: "input/payments.jsonl")
        let second = try SluiceRun("run", "payments.sql", "--data", "state", "--available-now", in: workspace)
        #expect(second.ending == .exit(0), "\(second.messages)")
        #expect(try workspace.totals == PaymentsJob.wholeTable)

        let third = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(third.ending == .exit(0), "\(third.messages)")
        #expect(try workspace.totals == PaymentsJob.wholeTable)
    }

    /// Stopped with a checkpoint, the input replaced by a longer file of the same beginning, and gone on without the option.
    @Test func aRestoredRunGivesTheTableOfAnUndisturbedOne() throws {
        let workspace = try PaymentsJob.workspace()
        let first = try SluiceRun("run", "payments.sql", "--data", "state", "--available-now", in: workspace)
        #expect(first.ending == .exit(0), "\(first.messages)")
        try workspace.write(PaymentsJob.firstLines + PaymentsJob.moreLines, to: "input/payments.jsonl")
        let second = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(second.ending == .exit(0), "\(second.messages)")
        #expect(try workspace.totals == PaymentsJob.wholeTable)
    }

    @Test func anUnterminatedLineWaitsForItsEndUnlessTheSourceEnds() throws {
        let half = PaymentsJob.firstLines + "{\"name\":\"dan\",\"amo"
        let workspace = try PaymentsJob.workspace(half)
        let first = try SluiceRun("run", "payments.sql", "--data", "state", "--available-now", in: workspace)
        #expect(first.ending == .exit(0), "\(first.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable)
        try workspace.append("unt\":4}", to: "input/payments.jsonl")
        let second = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(second.ending == .exit(0), "\(second.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable + ["dan\t1\t4"])
    }

    @Test func aConsumedPartOfAFileThatHasChangedIsAnError() throws {
        let workspace = try PaymentsJob.workspace()
        try SluiceRun("run", "payments.sql", "--data", "state", "--available-now", in: workspace)
        let changed = PaymentsJob.firstLines.replacing("\"amount\":7", with: "\"amount\":8")
        try workspace.write(changed + PaymentsJob.moreLines, to: "input/payments.jsonl")
        let second = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(second.ending == .exit(1) || second.ending == .exit(4))
        #expect(second.messages.contains("payments.jsonl"), "\(second.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable)
    }

    @Test func oneNameRunsOnceAtATime() throws {
        let lines = NexmarkInput.lines(0..<300_000)
        let job = try TwoSinksJob(lines, .init(lines))
        let first = try SluiceRun.start(TwoSinksJob.eagerArguments, in: job.workspace)
        try #require(first.read { $0.checkpointsTold > 0 }, "\(first.messageText)")
        first.send(SIGSTOP)
        let second = try SluiceRun("run", "two-sinks.sql", "--data", "state", in: job.workspace)
        #expect(second.ending == .exit(4))
        #expect(second.messages.contains("\(first.processID)"), "\(second.messages)")
        first.send(SIGCONT)
        #expect(try first.wait() == .exit(0), "\(first.messageText)")
        try job.expectExact("after a second start")
    }
}
