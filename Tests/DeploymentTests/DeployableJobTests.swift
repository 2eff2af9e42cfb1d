import Dataflow
import Deployment
import Operators
import StreamSQL
import Testing

/// A job with outside inputs or outputs is refused, with the jobs that copy them.
@Suite struct DeployableJobTests {
    private func definition(_ sql: String) throws -> JobDefinition { try analyze(Array(sql.utf8), file: "job.sql") }

    private func refusal(_ sql: String) throws -> JobFailure {
        let definition = try definition(sql)
        let graph = try definition.graph(job: "orders")
        return try #require(
            #expect(throws: JobFailure.self) { try DeployableJob("orders", graph, of: definition) })
    }

    private static let counted = """
        CREATE TABLE clicks (
          `user` STRING, -- who
          ts TIMESTAMP(3) NOT NULL,
          path STRING METADATA FROM 'file.path' VIRTUAL,
          moment AS ts,
          WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
        ) WITH ('connector' = 'filesystem', 'path' = 'it''s', 'format' = 'json', 'source.monitor-interval' = '1 s');
        CREATE TABLE totals (who STRING, n BIGINT)
          WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'debezium-json');
        INSERT INTO totals SELECT `user`, COUNT(*) FROM clicks WHERE path <> 'x' GROUP BY `user`;
        """

    @Test func topicsAloneAreTaken() throws {
        let definition = try definition(
            """
            CREATE TABLE a (n INT) WITH ('connector' = 'log', 'topic' = 'a');
            CREATE TABLE b (n INT) WITH ('connector' = 'log', 'topic' = 'b');
            INSERT INTO b SELECT n FROM a;
            """)
        let job = try DeployableJob("orders", try definition.graph(job: "orders"), of: definition)
        #expect(job.sources.map(\.topic) == ["a"] && job.sinks.map(\.topic) == ["b"])
        #expect(definition.outsideTables.isEmpty)
    }

    @Test func aRefusalHasTheJobsThatCopy() throws {
        let failure = try refusal(Self.counted)
        #expect(
            failure.message
                == "job \"orders\" cannot be deployed: it reads table \"clicks\", writes table \"totals\", which are not topics"
        )
        #expect(
            failure.hint == """
                jobs of their own copy what is outside, and run beside it: save each, and start it with 'sluice run'

                -- clicks-in.sql: into topic "clicks"
                \(Self.counted.prefix { $0 != ";" });
                CREATE TABLE clicks_topic (
                  `user` STRING,
                  ts TIMESTAMP(3) NOT NULL,
                  path STRING
                ) WITH ('connector' = 'log', 'topic' = 'clicks');
                INSERT INTO clicks_topic SELECT `user`, ts, path FROM clicks;

                -- totals-out.sql: from topic "totals"
                CREATE TABLE totals_topic (
                  who STRING,
                  n BIGINT,
                  PRIMARY KEY (who) NOT ENFORCED
                ) WITH ('connector' = 'log', 'topic' = 'totals');
                CREATE TABLE totals (who STRING, n BIGINT)
                  WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'debezium-json');
                INSERT INTO totals SELECT who, n FROM totals_topic;

                -- in 'job.sql' the tables become
                CREATE TABLE clicks (
                  `user` STRING,
                  ts TIMESTAMP(3) NOT NULL,
                  path STRING,
                  moment AS ts,
                  WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
                ) WITH ('connector' = 'log', 'topic' = 'clicks');
                CREATE TABLE totals (
                  who STRING,
                  n BIGINT,
                  PRIMARY KEY (who) NOT ENFORCED
                ) WITH ('connector' = 'log', 'topic' = 'totals');
                """)
    }

    /// What is printed is itself SQL that is taken: the copies, and the job over topics.
    @Test(arguments: [
        counted,
        """
        CREATE TABLE `order` (id BIGINT, `a``b` INT)
          WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
        CREATE TABLE shown (id BIGINT, x BIGINT) WITH ('connector' = 'print');
        INSERT INTO shown SELECT id, SUM(`a``b`) FROM `order` GROUP BY id;
        """,
        """
        CREATE TABLE made (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '5');
        CREATE TABLE nothing (n BIGINT, PRIMARY KEY (n) NOT ENFORCED) WITH ('connector' = 'blackhole');
        INSERT INTO nothing SELECT n FROM made;
        """,
    ])
    func whatIsPrintedIsTaken(sql: String) throws {
        let tables = try definition(sql).outsideTables
        #expect(tables.count == 2)
        var job = sql
        for table in tables {
            let copy = try definition(table.copyJob)
            #expect(copy.sinks.count == 1)
            // The table itself, as it was declared.
            let original = try #require(Self.statement(creating: table.name, in: job))
            #expect(table.copyJob.contains(original))
            job = job.replacing(original + ";", with: table.declaration)
        }
        let deployable = try definition(job)
        _ = try DeployableJob("orders", try deployable.graph(job: "orders"), of: deployable)
    }

    @Test func whatCannotBeWrittenIsSaid() throws {
        let tables = try definition(
            """
            CREATE TABLE a (r ROW<x INT>, n INT) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
            CREATE TABLE b (n INT) WITH ('connector' = 'print');
            INSERT INTO b SELECT SUM(n) FROM a;
            """
        ).outsideTables
        #expect(tables[0].copyJob.contains("-- jobs do not write ROWs yet"))
        #expect(tables[1].copyJob.contains("-- name the columns of its key"))
    }

    private static func statement(creating table: String, in sql: String) -> Substring? {
        sql.split(separator: ";\n").map { $0.drop { $0 == "\n" } }.first { statement in
            statement.hasPrefix("CREATE TABLE \(table) ") || statement.hasPrefix("CREATE TABLE `\(table)` ")
        }
    }
}
