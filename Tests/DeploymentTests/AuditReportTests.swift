import Columnar
import Dataflow
import Deployment
import HostSystem
import TestSupport
import Testing

@Suite struct AuditReportTests {
    private typealias Bench = AuditBench

    private func report() throws -> AuditReport {
        let bench = try Bench()
        let old = (Int64(0)..<1200).map { id in Bench.row(id, id % 2 == 0 ? "DE" : "FR", Double(id)) }
        let new = (Int64(1)..<1201).map { id in
            let tax = id % 500 == 0 ? Double(id) + 0.5 : id <= 10 ? Double(id).nextUp : Double(id)
            return Bench.row(id, id % 2 == 0 ? "DE" : "FR", tax)
        }
        try bench.sales(old + [Bench.row(1200, nil, nil)], new)
        bench.options.samples = 1
        var report = try bench.report("ONLY IN COLUMNS (tax) WHERE country = 'DE'")
        report.checks = [
            AuditCheck(
                name: "no_negative_tax", onlyWarns: false, outcome: .violations(count: 0, columns: [], sample: [])),
            AuditCheck(
                name: "warn_large", onlyWarns: true,
                outcome: .violations(count: 3, columns: ["id", "tax"], sample: [["7", "1e9"]])),
            AuditCheck(
                name: "broken", onlyWarns: false, outcome: .doesNotRun("error: broken.sql:1:1: no\nhint: yes\n")),
        ]
        report.facts = (RunFacts(lateRows: 1200, stateBytes: 3 << 20), RunFacts(lateRows: 0))
        return report
    }

    @Test func textIsForPeople() throws {
        #expect(
            try report().text == """
                Audit of job "orders": version 2 against version 1, where both have read the same

                sales (key id): 1,201 rows before, 1,200 now
                  equal            1,197  10 of them within 1e-9 of the other
                  changed              3  tax 3, country 1
                  only in the old      1
                  expected             2  ONLY IN COLUMNS (tax) WHERE country = 'DE'
                  not expected         2
                  changed, 1 of 3:
                    id=1200: country null → 'DE', tax null → 1200.0  not expected
                  only in the old version:
                    id=0: country='DE', tax=0.0  not expected

                Checks
                  no_negative_tax  PASS
                  warn_large       WARN  3 violations, 1 of them:
                    id=7, tax=1e9
                  broken           FAIL  does not run
                    error: broken.sql:1:1: no
                    hint: yes

                While they ran
                  late rows: 1,200 before, 0 now
                  state: 3 MiB before, not known now

                FAIL
                  FAIL  2 differences of output "sales" are not expected
                  WARN  check "warn_large" has 3 violations
                  FAIL  check "broken" does not run

                """)
    }

    @Test func jsonHasAllOfIt() throws {
        let json = try report().json
        #expect(try JSONValue(parsing: json.bytes) == json)
        #expect(json["verdict"] == .string("FAIL") && json["findings"]?.arrayValue?.count == 3)
        let output = try #require(json["outputs"]?.arrayValue?.first)
        #expect(output["kind"] == .string("keyed") && output["key"] == .array([.string("id")]))
        #expect(output["rows"]?["equal"]?.integerValue == 1197 && output["rows"]?["changed"]?.integerValue == 3)
        #expect(output["changedColumns"]?.arrayValue?.first?["name"] == .string("tax"))
        #expect(
            output["notExpected"]?.integerValue == 2
                && output["expectations"]?.arrayValue?.first?["rows"]?.integerValue == 2)
        let sample = try #require(output["samples"]?.arrayValue?.first)
        #expect(sample["isExpected"] == .boolean(false) && sample["old"]?["tax"] == .null)
        #expect(sample["new"]?["country"] == .string("DE") && sample["columns"]?.arrayValue?.count == 2)
        let checks = try #require(json["checks"]?.arrayValue)
        #expect(checks.map { $0["verdict"] } == [.string("PASS"), .string("WARN"), .string("FAIL")])
        #expect(checks[1]["sample"]?.arrayValue?.first?["id"] == .string("7"))
        #expect(json["old"]?["lateRows"]?.integerValue == 1200 && json["new"]?["stateBytes"] == .null)
        #expect(try AuditCut(json["cut"] ?? .null) == report().cut)
    }

    @Test func theWorstFindingIsTheVerdict() throws {
        let bench = try Bench()
        try bench.sales([], [])
        var report = try bench.report()
        func verdict(_ checks: AuditCheck...) -> AuditReport.Verdict {
            report.checks = checks
            return report.verdict
        }
        let fine = AuditCheck(name: "a", onlyWarns: false, outcome: .violations(count: 0, columns: [], sample: []))
        let warns = AuditCheck(name: "b", onlyWarns: true, outcome: .violations(count: 1, columns: [], sample: []))
        let fails = AuditCheck(name: "c", onlyWarns: false, outcome: .violations(count: 1, columns: [], sample: []))
        let broken = AuditCheck(name: "d", onlyWarns: true, outcome: .doesNotRun("no"))
        #expect(verdict(fine) == .pass && verdict(fine, warns) == .warn)
        #expect(verdict(fails, warns) == .fail && verdict(broken) == .fail)
    }

    // MARK: The cut

    private static let cut = """
        {"job":"orders","old":{"version":1,"position":18446744073709551615},"new":{"version":2,"position":7},
         "inputs":[{"topic":"orders","id":"00ff","ends":[3,4]}],
         "outputs":[{"name":"revenue","old":{"topic":"revenue@1","ends":[1]},"new":{"topic":"revenue@2","ends":[2]},"key":["id"]},
                    {"name":"late","old":null,"new":{"topic":"late@2","ends":[0,0]},"key":[]}]}
        """

    @Test func aCutIsReadFromTheServersAnswer() throws {
        let cut = try AuditCut(JSONValue(parsing: Self.cut))
        #expect(cut.job == "orders" && cut.old == .init(1, position: .max) && cut.new == .init(2, position: 7))
        #expect(cut.inputs == [.init(topic: "orders", id: "00ff", ends: [3, 4])])
        #expect(cut.outputs.map(\.name) == ["revenue", "late"] && cut.outputs[1].old == nil)
        #expect(cut.outputs[0].key == ["id"] && cut.outputs[0].new == .init("revenue@2", ends: [2]))
        #expect(try AuditCut(cut.json) == cut)
    }

    @Test(arguments: [
        ("\"job\":\"orders\"", "\"job\":1", "job"), ("\"version\":1", "\"version\":4294967296", "old.version"),
        ("\"position\":7", "\"position\":-7", "new.position"),
        ("\"ends\":[3,4]", "\"ends\":[3,4.5]", "inputs[0].ends[1]"),
        ("\"ends\":[1]", "\"ends\":1", "outputs[0].old.ends"),
        ("\"key\":[\"id\"]", "\"key\":[null]", "outputs[0].key[0]"),
        ("\"name\":\"late\",", "", "outputs[1].name"),
    ])
    func whatIsMissingIsNamed(text: String, wrong: String, path: String) throws {
        let error = #expect(throws: JobFailure.self) {
            try AuditCut(JSONValue(parsing: Self.cut.replacing(text, with: wrong)))
        }
        #expect(error?.detail == "'\(path)' is missing, or not what it should be")
    }
}
