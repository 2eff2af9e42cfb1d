import TestSupport
import Testing

@Suite struct CommandLineTests {
    @Test(arguments: [[], ["run"], ["no-such-command"], ["run", "payments.sql", "--no-such-option"]])
    func wrongUsageIsExit64(arguments: [String]) throws {
        let workspace = try PaymentsJob.workspace()
        let process = try SluiceRun.start(arguments, in: workspace)
        let ending = try process.wait()
        // Without anything `sluice` shows its help, as other tools do.
        #expect(ending == .exit(arguments.isEmpty ? 0 : 64), "\(process.messageText)")
    }

    @Test func aMistakeInTheFileIsShownAtItsPlace() throws {
        let workspace = try PaymentsJob.workspace()
        try workspace.write(PaymentsJob.sql.replacing("SUM(amount)", with: "SUM(amuont)"), to: "payments.sql")
        let run = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(1))
        // INSERT stands in line 12; the column in column 47.
        #expect(run.messages.contains("payments.sql:12:47"), "\(run.messages)")
        #expect(run.messages.contains("amuont"), "\(run.messages)")
        #expect(run.messages.contains("^"), "\(run.messages)")
        #expect(!workspace.exists("output"))
    }

    @Test func anAppendOnlySinkRefusesUpdates() throws {
        let workspace = try PaymentsJob.workspace()
        try workspace.write(PaymentsJob.sql.replacing("debezium-json", with: "json"), to: "payments.sql")
        let run = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(1))
        #expect(run.messages.contains("doesn't support consuming update changes"), "\(run.messages)")
    }

    @Test func aBadRecordStopsTheJobWithItsPlace() throws {
        let workspace = try PaymentsJob.workspace(PaymentsJob.firstLines + "{\"name\":\"dan\",\"amount\":\"many\"}\n")
        let run = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(1))
        #expect(run.messages.contains("input/payments.jsonl:5"), "\(run.messages)")
        #expect(run.messages.contains("amount"), "\(run.messages)")
    }

    @Test func badRecordsAreSkippedAndCountedWhereTheJobSaysSo() throws {
        let workspace = try PaymentsJob.workspace("no json\n" + PaymentsJob.firstLines + "{\"amount\":1.5e300}\n")
        let run = try SluiceRun(
            "run", "payments.sql", "--data", "state", "-D", "sluice.bad-records=skip", in: workspace)
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(try workspace.totals == PaymentsJob.firstTable)
        #expect(run.messages.contains("2"), "\(run.messages)")
    }

    @Test(arguments: ["SET 'execution.runtime-mode' = 'BATCH';", "SET 'table.exec.state.ttl' = '1 h';"])
    func whatIsNotThereYetIsRefusedByName(setting: String) throws {
        let workspace = try PaymentsJob.workspace()
        try workspace.write(setting + "\n" + PaymentsJob.sql, to: "payments.sql")
        let run = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(1))
        #expect(run.messages.contains("not supported") || run.messages.contains("not yet"), "\(run.messages)")
    }

    @Test func explainShowsTheGraphAndRunsNothing() throws {
        let workspace = try PaymentsJob.workspace()
        let run = try SluiceRun("explain", "payments.sql", in: workspace)
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(run.output.contains("payments") && run.output.contains("totals"))
        #expect(!workspace.exists("output") && !workspace.exists("sluice-data"))
    }

    @Test func printShowsCommittedRowsOnStandardOutput() throws {
        let workspace = try PaymentsJob.workspace()
        let sql = PaymentsJob.sql.replacing(
            "'connector' = 'filesystem', 'path' = 'output/totals', 'format' = 'debezium-json'",
            with: "'connector' = 'print'")
        try workspace.write(sql, to: "payments.sql")
        let run = try SluiceRun("run", "payments.sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(0), "\(run.messages)")
        let rows = run.output.split(separator: "\n").sorted()
        #expect(rows == ["+I[alice, 2, 8]", "+I[bob, 1, 7]", "+I[carol, 1, null]"])
    }

    @Test func theStateDirectoryComesFromTheEnvironmentToo() throws {
        let workspace = try PaymentsJob.workspace()
        let run = try SluiceRun("run", "payments.sql", in: workspace, environment: ["SLUICE_DATA": "elsewhere"])
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(workspace.exists("elsewhere/jobs/payments") && !workspace.exists("sluice-data"))
    }
}
