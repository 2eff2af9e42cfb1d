import Columnar
import Dataflow
import Operators
import StreamSQL
import Testing

@Suite struct QuerySessionTests {
    private static let table = """
        CREATE TABLE t (name STRING, amount INT, nested ROW<a INT>)
          WITH ('connector' = 'filesystem', 'path' = 't.jsonl', 'format' = 'json',
            'source.monitor-interval' = '1 s');
        """

    /// What the statements come to, behind the table.
    private func actions(_ sql: String, _ session: QuerySession? = nil) throws -> [SessionAction] {
        var session = try session ?? QuerySession()
        try session.load(Array(Self.table.utf8))
        var actions: [SessionAction] = []
        try session.run(Array(sql.utf8), mistake: { $0 }) { (action, _) throws(SQLError) in actions.append(action) }
        return actions
    }

    private func query(_ sql: String) throws -> ResultQuery {
        guard case .query(let query)? = try actions(sql).last else {
            throw SQLError("no query", place: nil)
        }
        return query
    }

    private func mistake(_ sql: String) -> SQLError? {
        do {
            _ = try actions(sql)
            return nil
        } catch {
            return error as? SQLError
        }
    }

    // MARK: ORDER BY

    @Test(arguments: [
        ("name", 0), ("2", 1), ("total", 1), ("amount", 2), ("t.amount", 2), ("UPPER(name)", 2),
        ("total + amount * 0", -1),
        ("total * 2", 2),
    ])
    func orderByNamesWhatIsThere(key: String, column: Int) throws {
        let sql = "SELECT name, amount + 1 AS total FROM t ORDER BY \(key)"
        guard column >= 0 else {
            // One name of the result and one of the input.
            #expect(mistake(sql)?.message == "column \"total\" does not exist")
            return
        }
        let query = try query(sql)
        #expect(query.order == [SortKey(column: column, isDescending: false, putsNullsFirst: true)])
        #expect(query.fields.map(\.name) == ["name", "total"])
        #expect(query.plan.columns.count == max(2, column + 1))
    }

    @Test func orderByTakesAggregates() throws {
        let query = try query("SELECT name FROM t GROUP BY name ORDER BY COUNT(*) DESC, MAX(amount) NULLS LAST, name")
        #expect(
            query.order == [
                SortKey(column: 1, isDescending: true, putsNullsFirst: false),
                SortKey(column: 2, isDescending: false, putsNullsFirst: false),
                SortKey(column: 0, isDescending: false, putsNullsFirst: true),
            ])
        #expect(query.plan.columns.map(\.type) == [.string, .bigint, .int])
    }

    @Test(arguments: [
        ("SELECT name FROM t ORDER BY nmae", "column \"nmae\" does not exist"),
        ("SELECT name FROM t ORDER BY 2", "position 2 of ORDER BY is not in the result"),
        ("SELECT name FROM t UNION ALL SELECT name FROM t ORDER BY amount", "column \"amount\" does not exist"),
        ("SELECT COUNT(*) FROM (SELECT name FROM t ORDER BY 1)", "ORDER BY is not supported yet"),
        ("CREATE VIEW v AS SELECT name FROM t LIMIT 3", "LIMIT is not supported yet"),
        ("SELECT name, nested FROM t ORDER BY 2", "ORDER BY a whole ROW is not supported yet"),
        ("SELECT name FROM t ORDER BY nested", "ORDER BY a whole ROW is not supported yet"),
        ("SELECT * FROM t UNION ALL SELECT * FROM t", "a whole ROW (\"nested\") in UNION ALL is not supported yet"),
        ("SELECT *", "there is no column to select"),
        ("SELECT 1 WHERE TRUE", "SELECT without FROM is not supported yet"),
        ("SELECT name FROM t LIMIT x", "syntax error at \"x\": expected a number of rows"),
        ("INSERT INTO t SELECT 1", "INSERT has no place in an ad-hoc query"),
        ("EXPLAIN INSERT INTO t SELECT 1", "syntax error at \"INSERT\": expected a query"),
        ("DROP TABLE t", "DROP is not supported yet"),
        ("SHOW JOBS", "SHOW JOBS is not supported yet"),
    ])
    func mistakesAreNamed(sql: String, message: String) {
        let error = mistake(sql)
        #expect(error?.message == message)
        #expect(error?.place != nil)
    }

    // MARK: LIMIT and what a query reads

    @Test func limitAndOffset() throws {
        let plain = try query("SELECT name FROM t LIMIT 3 OFFSET 2 ROWS")
        #expect(plain.limit == 3 && plain.offset == 2 && plain.enough == 5)
        #expect(try query("SELECT name FROM t OFFSET 4 FETCH NEXT 2 ROWS ONLY").limit == 2)
        #expect(try query("SELECT name FROM t LIMIT ALL").limit == nil)
        // Which rows come first is known at the end.
        #expect(try query("SELECT name FROM t ORDER BY 1 LIMIT 3").enough == nil)
        #expect(try query("SELECT COUNT(*) FROM t LIMIT 3").enough == nil)
        #expect(try query("SELECT name FROM t LIMIT \(Int.max) OFFSET \(Int.max)").enough == nil)
    }

    @Test func aWatchedInputEndsWhereItIs() throws {
        let query = try query("SELECT name FROM t")
        let graph = JobPlanner.plan(query.plan, into: CollectedRows(types: [.string], limitBytes: 1 << 20))
        #expect(graph.sources.map(\.isBounded) == [true])
    }

    @Test func anEndlessGeneratorNeedsALimit() throws {
        let endless = "CREATE TABLE g (a INT) WITH ('connector' = 'datagen'); SELECT a FROM g"
        #expect(mistake(endless)?.message == "table \"g\" has no end, and an ad-hoc query reads to the end")
        #expect(mistake(endless + " LIMIT 10") == nil)
        #expect(mistake(endless + " ORDER BY 1 LIMIT 10") != nil)
    }

    /// Of each aggregation, from the root on, whether it gives a row over no rows.
    private func rowsOverNoRows(_ plan: LogicalPlan) -> [Bool] {
        var found: [Bool] = []
        if case .aggregate(let aggregation) = plan { found.append(aggregation.givesRowOverNoRows) }
        return found + plan.inputs.flatMap { rowsOverNoRows($0) }
    }

    @Test(arguments: [
        ("SELECT COUNT(*) + 1, MAX(amount) FROM t", [true]), ("SELECT 1 FROM t HAVING COUNT(*) > 2", [true]),
        ("SELECT COUNT(*) FROM t GROUP BY name", [false]), ("SELECT COUNT(*) FROM t GROUP BY 'a'", [false]),
        ("SELECT COUNT(*) FROM t GROUP BY ()", [true]), ("SELECT DISTINCT COUNT(*) FROM t", [false, true]),
        ("SELECT n FROM (SELECT COUNT(*) AS n FROM t) GROUP BY n", [false, true]),
    ])
    func aTotalOverNoRowsIsARowInBatch(sql: String, rows: [Bool]) throws {
        #expect(rowsOverNoRows(try query(sql).plan) == rows)
        let streaming = try actions(sql, QuerySession(mode: .streaming))
        guard case .query(let query)? = streaming.last else { return }
        #expect(!rowsOverNoRows(query.plan).contains(true))
    }

    // MARK: What is followed, and what is past

    @Test(arguments: [
        ("ORDER BY 1", "ORDER BY has no place in a query that is followed"),
        ("LIMIT 3", "LIMIT has no place in a query that is followed"),
        ("OFFSET 3", "OFFSET has no place in a query that is followed"),
    ])
    func aFollowedQueryHasNoWholeResult(clause: String, message: String) throws {
        var session = try QuerySession(mode: .streaming)
        try session.load(Array(Self.table.utf8))
        let error = #expect(throws: SQLError.self) {
            try session.run(Array("SELECT name FROM t \(clause)".utf8), mistake: { $0 }) { (_, _) throws(SQLError) in }
        }
        #expect(error?.message == message)
    }

    @Test func topicsEndUnlessTheyAreFollowed() throws {
        let topic = "CREATE TABLE k (a INT) WITH ('connector' = 'log', 'topic' = 'k'); SELECT a FROM k"
        for (mode, isBounded) in [(RuntimeMode.batch, true), (.streaming, false)] {
            guard case .query(var query)? = try actions(topic, QuerySession(mode: mode)).last else { continue }
            #expect(query.readsTopics)
            let rows = CollectedRows(types: [.int], limitBytes: 1 << 20)
            #expect(JobPlanner.plan(query.plan, into: rows).sources.map(\.isBounded) == [isBounded])
            guard isBounded else { continue }
            query.read(asOf: 17)
            let sources = JobPlanner.plan(query.plan, into: rows).sources
            #expect((sources.first as? TopicSourceDescription)?.asOf == 17)
        }
        #expect(try !query("SELECT name FROM t").readsTopics)
    }

    // MARK: VALUES and DISTINCT

    @Test(arguments: [
        ("VALUES (1, 2), (3)", "the rows of VALUES must have as many columns as the first: 2, not 1"),
        ("VALUES (1), ('a')", "column 1 of VALUES mixes INT and STRING"),
        ("VALUES (1, NULL), (2, NULL)", "column 2 of VALUES has no type: all its values are NULL"),
        ("VALUES (a)", "column \"a\" does not exist"), ("VALUES ROW(1)", "ROW is not supported yet"),
        ("VALUES (COUNT(*))", "an aggregate is not allowed in VALUES"),
        ("SELECT DISTINCT nested FROM t", "a whole ROW (\"nested\") with DISTINCT is not supported yet"),
        ("SELECT DISTINCT name FROM t ORDER BY amount", "column \"amount\" does not exist"),
    ])
    func mistakesInValuesAndDistinct(sql: String, message: String) { #expect(mistake(sql)?.message == message) }

    @Test func valuesHaveTheTypeThatTheyShare() throws {
        let query = try query("VALUES (1, NULL), (10000000000, 'a')")
        #expect(
            query.fields == [
                Field("EXPR$0", .bigint, isNullable: false), Field("EXPR$1", .string, isNullable: true),
            ])
        let many = (0...1000).map { "(\($0))" }.joined(separator: ", ")
        #expect(mistake("VALUES \(many)")?.message == "VALUES of more than 1000 rows is not supported yet")
    }

    // MARK: Names, and what is there

    @Test func aRowIsShownAsAWhole() throws {
        let query = try query("SELECT nested, name, nested AS n FROM t ORDER BY nested.a, 2")
        let row = DataType.row([Field("a", .int)])
        #expect(query.fields == [Field("nested", row), Field("name", .string), Field("n", row)])
        #expect(query.width == 5 && query.plan.columns.map(\.type) == [.boolean, .int, .string, .boolean, .int])
        #expect(query.order.map(\.column) == [1, 2])
    }

    @Test func noTwoColumnsHaveOneName() throws {
        #expect(
            try query("SELECT name, name, amount AS name0, name FROM t").fields.map(\.name)
                == ["name", "name1", "name0", "name2"])
    }

    @Test func tablesOfAProviderAreThere() throws {
        let provider = TableProvider(names: { ["topic"] }) { (name) throws(SQLError) in
            guard name == "topic" else { return nil }
            return TableDefinition(name: name, columns: [Field("a", .int)], connector: .datagen(GeneratedRows()))
        }
        let session = try QuerySession(provider: provider)
        let found = try actions("SELECT a FROM topic LIMIT 1; SHOW TABLES", session)
        guard case .query(let query) = found[0], case .rows(_, let tables) = found[1],
            case .string(let names) = tables.columns[0]
        else {
            Issue.record("\(found)")
            return
        }
        #expect(query.fields == [Field("a", .int)])
        #expect(String(decoding: names.bytes, as: UTF8.self) == "ttopic")
        #expect(throws: SQLError.self) { try actions("SELECT a FROM topci LIMIT 1", session) }
    }

    @Test func aJobFilesQueriesStayRefused() throws {
        var session = try QuerySession()
        #expect(throws: SQLError.self) { try session.load(Array("SELECT 1".utf8)) }
        try session.load(Array("INSERT INTO nowhere SELECT nothing FROM nobody".utf8))
    }

    @Test(arguments: [
        ("", true), ("  -- nothing\n", true), ("SELECT 1", false), ("SELECT 1;", true), ("SELECT ';", false),
        ("SELECT ';';\n", true), ("SELECT 1; -- more", true), ("SELECT /* ;", false), ("SELECT `a;", false),
        ("SELECT 1; SELECT", false), ("SELECT $;", true), ("SELECT $", false),
    ])
    func aPromptKnowsWhereStatementsEnd(text: String, ends: Bool) { #expect(endsStatement(text) == ends) }
}
