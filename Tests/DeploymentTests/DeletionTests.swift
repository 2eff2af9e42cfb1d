import Deployment
import HostSystem
import Testing

/// A promotion that takes much away from readers is asked about.
@Suite(.timeLimit(.minutes(3))) struct DeletionTests {
    private func audit(
        _ outputs: [(name: String, kind: String, old: Int, onlyOld: Int)], _ verdict: AuditRecord.Verdict = .pass
    ) -> AuditRecord {
        let json = outputs.map {
            #"{"name":"\#($0.name)","outcome":"compared","kind":"\#($0.kind)","rows":{"old":\#($0.old),"onlyOld":\#($0.onlyOld)}}"#
        }
        return AuditRecord(
            job: "orders", oldVersion: 1, newVersion: 2, oldPosition: 1, newPosition: 2, verdict: verdict, text: "",
            json: #"{"outputs":[\#(json.joined(separator: ","))]}"#, at: SystemTime().wallMilliseconds(),
            by: .user(command: "audit"))
    }

    // MARK: What is much

    @Test(arguments: [
        (100, 10, false), (100, 11, true), (19, 1, false), (19, 2, true), (0, 0, false), (5, 1, true), (5, 0, false),
        (Int.max, Int.max, true),
    ])
    func moreThanATenthIsMuch(old: Int, onlyOld: Int, isMuch: Bool) {
        let deletions = audit([("revenue", "keyed", old, onlyOld)]).largeDeletions
        #expect(deletions == (isMuch ? [RowDeletion(output: "revenue", rows: Int64(onlyOld), of: Int64(old))] : []))
    }

    @Test func whatIsOnlyAddedIsNotTakenBack() {
        let found = audit([("log", "append", 10, 10), ("a", "keyed", 10, 5), ("b", "keyed", 20, 1)]).largeDeletions
        #expect(found.map(\.text) == ["5 of 10 rows of \"a\""])
    }

    @Test(arguments: ["", "null", "[]", "{", #"{"outputs":[1,{"kind":"keyed"},{"kind":"keyed","name":"a","rows":3}]}"#])
    func aReportOfAnotherKindSaysNothing(json: String) {
        var record = audit([])
        record.json = json
        #expect(record.largeDeletions.isEmpty)
    }

    @Test func aReportSaysWhatItsReadersLose() throws {
        let bench = try AuditBench()
        let rows = (Int64(0)..<20).map { AuditBench.row($0, "DE", 1) }
        try bench.sales(rows, Array(rows.dropFirst(3)))
        let report = try bench.report()
        var record = audit([])
        record.json = report.json.text
        #expect(record.largeDeletions == [RowDeletion(output: "sales", rows: 3, of: 20)])
    }

    // MARK: The server

    @Test func aPromotionThatDeletesMuchIsRefused() throws {
        let bench = try ServerBench()
        let server = try bench.serverWithCandidate()
        _ = try server.endAudit(audit([("revenue", "keyed", 100, 40)]))
        let deletions = try bench.version(2, of: server)?["audit"]?["deletions"]?.arrayValue
        #expect(deletions?.first?["rows"]?.integerValue == 40 && deletions?.first?["of"]?.integerValue == 100)
        let error = #expect(throws: OperationFailure.self) {
            try server.promote("orders", version: nil, isForced: false, command: "promote --yes")
        }
        #expect(error?.kind == .conflict)
        #expect(error?.message == "version 2 of job \"orders\" would delete 40 of 100 rows of \"revenue\"")
        #expect(error?.hint == "'sluice diff orders' lists them; --force deletes them")
        #expect(try bench.state(2, of: server) == "READY" && bench.deployment?.attempt == nil)
        let answer = try bench.switching({ try bench.standStill([1, 2]) }) { () throws(OperationFailure) in
            try server.promote("orders", version: nil, isForced: false, mayDelete: true, command: "promote").json
        }
        #expect(answer["live"]?.integerValue == 2)
        server.close(.stop)
    }

    @Test func aNewerAuditDecides() throws {
        let bench = try ServerBench()
        let server = try bench.serverWithCandidate()
        _ = try server.endAudit(audit([("revenue", "keyed", 100, 40)]))
        _ = try server.endAudit(audit([("revenue", "keyed", 100, 2)]))
        let answer = try bench.switching({ try bench.standStill([1, 2]) }) { () throws(OperationFailure) in
            try server.promote("orders", version: nil, isForced: false, command: "promote --yes").json
        }
        #expect(answer["live"]?.integerValue == 2)
        server.close(.stop)
    }

    @Test func whatPromotesItselfWaitsForSomebody() throws {
        let bench = try ServerBench()
        let server = try bench.serverWithCandidate { $0.promotion = .automatic }
        _ = try server.endAudit(audit([("revenue", "keyed", 100, 40)]))
        let reason = try bench.eventually("a refusal") { try bench.version(2, of: server)?["refused"]?.stringValue }
        #expect(reason == "version 2 of job \"orders\" would delete 40 of 100 rows of \"revenue\"")
        #expect(try bench.state(2, of: server) == "READY" && bench.deployment?.attempt == nil)
        server.close(.stop)
    }
}
