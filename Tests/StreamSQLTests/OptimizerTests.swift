import Columnar
import HostSystem
import Operators
import StreamSQL
import TestSupport
import Testing

/// Generated queries, run as bound and as optimised over the same rows: the answers have to be equal. Where the query as bound
/// fails on a row, the optimised one may fail or may not reach that row.
@Suite struct OptimizerTests {
    private static let table = """
        CREATE TABLE t (b BOOLEAN, i INT, l BIGINT, d DOUBLE, s STRING, r ROW<a INT, s STRING>, at0 TIMESTAMP(3),
          at1 TIMESTAMP(3), ts AS CASE i WHEN 1 THEN at1 ELSE at0 END, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
          WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');

        """

    private func data(_ random: inout SplitMix64) -> PlanInterpreter {
        let count = random.below(40)
        func column(_ type: DataType, _ cells: [Cell]) -> Column {
            var picked: [Cell] = []
            for _ in 0..<count { picked.append(random.oneIn(4) ? .null : cells[random.below(cells.count)]) }
            return Column(picked, type)
        }
        let strings: [Cell] = ["", "a", "ab", " x ", "b"].map { .string($0) }
        let ints: [Cell] = [0, 1, 2, 7, -3, .max].map { .int($0) }
        /// No NULL: a rowtime must not be one.
        func times() -> Column {
            Column((0..<count).map { _ in .timestamp(Int64(random.below(40_000)) - 20_000) }, .timestamp(precision: 3))
        }
        var presence: [Cell] = []
        for _ in 0..<count { presence.append(.boolean(!random.oneIn(4))) }
        return PlanInterpreter(
            leaves: [
                ["b"]: column(.boolean, [.boolean(true), .boolean(false)]), ["i"]: column(.int, ints),
                ["l"]: column(.bigint, [0, 1, 2, 3, .max].map { .bigint($0) }),
                ["d"]: column(.double, [0.5, 2, -0.0, 0, .nan].map { .double($0) }), ["s"]: column(.string, strings),
                ["r", "a"]: column(.int, ints), ["r", "s"]: column(.string, strings), ["at0"]: times(),
                ["at1"]: times(),
            ], presences: [["r"]: Column(presence, .boolean)], rowCount: count)
    }

    private func bound(_ sql: String) throws(SQLError) -> LogicalPlan {
        guard let plan = try boundQuery(Array((Self.table + "EXPLAIN " + sql).utf8)) else {
            preconditionFailure("the text ends in an EXPLAIN")
        }
        return plan
    }

    @Test(arguments: Array(1...8) as [UInt64])
    func rewritingKeepsTheAnswer(seed: UInt64) throws {
        var generator = QueryGenerator(random: SplitMix64(seed: seed))
        var random = SplitMix64(seed: seed &+ 1000)
        var answered = 0
        for round in 0..<250 {
            let sql =
                round % 3 == 0
                ? generator.groupedQuery().sql
                : round % 3 == 1 ? generator.query(depth: 3).sql : generator.windowedQuery()
            let plan: LogicalPlan
            do throws(SQLError) { plan = try bound(sql) } catch {
                // Two of a grouped query's expressions may be one that is constant.
                #expect(error.message.contains("constant"), "seed \(seed), round \(round): \(error.message): \(sql)")
                continue
            }
            let optimized = Optimizer.optimize(plan)
            let data = data(&random)
            let label = "seed \(seed), round \(round): \(sql)\n\(fingerprintText(optimized))"
            #expect(optimized.columns.map(\.type) == plan.columns.map(\.type), "\(label)")
            guard let expected = rows(data, plan) else { continue }
            answered += 1
            #expect(rows(data, optimized) == expected, "\(label)")
        }
        #expect(answered > 30, "seed \(seed): too few queries have an answer")
    }

    /// Nil where a row fails.
    private func rows(_ data: PlanInterpreter, _ plan: LogicalPlan) -> [String]? {
        do { return try data.rows(of: plan) } catch let failed as PlanInterpreter.Failed {
            #expect(!failed.message.isEmpty)
            return nil
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }
}
