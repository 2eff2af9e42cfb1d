import TestSupport

/// A small keyed job for the tests of resumption: totals per name.
enum PaymentsJob {
    static let sql = """
        CREATE TABLE payments (
          name STRING,
          amount INT
        ) WITH ('connector' = 'filesystem', 'path' = 'input/payments.jsonl', 'format' = 'json');

        CREATE TABLE totals (
          name STRING,
          n BIGINT,
          total INT
        ) WITH ('connector' = 'filesystem', 'path' = 'output/totals', 'format' = 'debezium-json');

        INSERT INTO totals SELECT name, COUNT(*), SUM(amount) FROM payments GROUP BY name;

        """

    static let firstLines = """
        {"name":"alice","amount":5}
        {"name":"bob","amount":7}
        {"name":"alice","amount":3}
        {"name":"carol","amount":null}

        """
    static let firstTable = ["alice\t2\t8", "bob\t1\t7", "carol\t1\tnull"]

    static let moreLines = """
        {"name":"bob","amount":2}
        {"name":"alice","amount":1}
        {"name":"bob","amount":9}

        """
    static let wholeTable = ["alice\t3\t9", "bob\t3\t18", "carol\t1\tnull"]

    static func workspace(_ lines: String = firstLines) throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write(sql, to: "payments.sql")
        try workspace.write(lines, to: "input/payments.jsonl")
        return workspace
    }
}

extension Workspace {
    var totals: [String] {
        get throws { try table("output/totals").sortedRows() }
    }
}
