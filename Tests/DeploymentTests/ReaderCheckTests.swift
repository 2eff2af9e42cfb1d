import CommitLog
import Deployment
import HostSystem
import TestSupport
import Testing

/// What other jobs read stays there, whichever version is live.
@Suite(.timeLimit(.minutes(3))) struct ReaderCheckTests {
    private let bench: ServerBench

    init() throws { bench = try ServerBench() }

    private static let more = """
        CREATE TABLE input (id BIGINT, n BIGINT) WITH ('connector' = 'log', 'topic' = 'input');
        CREATE TABLE revenue (id BIGINT NOT NULL, total BIGINT, least BIGINT, most BIGINT, PRIMARY KEY (id) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'revenue');
        INSERT INTO revenue SELECT id, SUM(n), MIN(n), MAX(n) FROM input WHERE id IS NOT NULL GROUP BY id;

        """

    /// A second output beside the first one.
    private static let other = """
        CREATE TABLE input (id BIGINT, n BIGINT) WITH ('connector' = 'log', 'topic' = 'input');
        CREATE TABLE revenue (id BIGINT NOT NULL, total BIGINT, PRIMARY KEY (id) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'revenue');
        CREATE TABLE counts (id BIGINT NOT NULL, n BIGINT, PRIMARY KEY (id) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'counts');
        INSERT INTO revenue SELECT id, SUM(n) FROM input WHERE id IS NOT NULL GROUP BY id;
        INSERT INTO counts SELECT id, COUNT(n) FROM input WHERE id IS NOT NULL GROUP BY id;

        """

    private func reader(of topic: String, _ columns: String) -> DeployRequest {
        let sql = """
            CREATE TABLE found (id BIGINT NOT NULL, \(columns), PRIMARY KEY (id) NOT ENFORCED)
              WITH ('connector' = 'log', 'topic' = '\(topic)');
            CREATE TABLE ids (id BIGINT NOT NULL, PRIMARY KEY (id) NOT ENFORCED)
              WITH ('connector' = 'log', 'topic' = 'ids');
            INSERT INTO ids SELECT id FROM found;

            """
        return DeployRequest(job: "reader", sql: sql, file: "reader.sql", command: "deploy reader")
    }

    /// Version 2 of this text is live, and version 1 stands by.
    private func promoted(_ text: String) throws -> DeploymentServer {
        let server = try bench.server()
        _ = try server.deploy(bench.request(1))
        try bench.waitUntilRunning(1, of: server)
        try bench.commit(1)
        var request = bench.request(2)
        request.sql = text
        _ = try server.deploy(request)
        try bench.waitUntilRunning(2, of: server)
        try bench.commit(2)
        try bench.waitFor(.inSync, 2, of: server)
        let bench = bench
        _ = try bench.switching({ try bench.standStill([1, 2]) }) { () throws(OperationFailure) in
            try server.promote("orders", version: nil, isForced: true, command: "promote --force").json
        }
        try bench.waitFor(.standby, 1, of: server)
        return server
    }

    private func rolledBack(_ server: DeploymentServer, isForced: Bool) throws -> Int64? {
        let bench = bench
        return try bench.switching({ try bench.standStill([1, 2]) }) { () throws(OperationFailure) in
            try server.rollback("orders", version: nil, isForced: isForced, command: "rollback").json
        }["live"]?.integerValue
    }

    private func message(_ server: DeploymentServer) throws -> String? {
        try server.check(.rollback, "orders", version: nil, isForced: false)["error"]?["message"]?.stringValue
    }

    @Test func aVersionThatLacksWhatIsReadIsNotGoneBackTo() throws {
        let server = try promoted(Self.more)
        #expect(try message(server) == nil)
        _ = try server.deploy(reader(of: "revenue", "total BIGINT, most BIGINT, least BIGINT"))
        let refusal =
            "reader@1 reads columns \"most\", \"least\" of output \"revenue\", which version 1 of job \"orders\" does not have"
        #expect(try message(server) == refusal)
        let error = #expect(throws: OperationFailure.self) {
            try server.rollback("orders", version: nil, isForced: false, command: "rollback")
        }
        #expect(error?.kind == .conflict && error?.message == refusal)
        #expect(error?.hint?.hasPrefix("deploy a version of job \"reader\" that does without") == true)
        #expect(try bench.deployment?.openAttempt == nil && bench.deployment?.live == 2)
        #expect(try rolledBack(server, isForced: true) == 1)
        server.close(.stop)
    }

    @Test func whatIsThereInBothVersionsMayBeRead() throws {
        let server = try promoted(Self.more)
        _ = try server.deploy(reader(of: "revenue", "total BIGINT"))
        #expect(try message(server) == nil)
        #expect(try rolledBack(server, isForced: false) == 1)
        server.close(.stop)
    }

    @Test func anOutputThatIsReadDoesNotEnd() throws {
        let server = try promoted(Self.other)
        #expect(try message(server) == nil)
        _ = try server.deploy(reader(of: "counts", "n BIGINT"))
        #expect(
            try message(server)
                == "reader@1 reads output \"counts\", which version 1 of job \"orders\" does not have")
        server.close(.stop)
    }
}
