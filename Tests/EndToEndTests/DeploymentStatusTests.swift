import HostSystem
import SluiceTool
import Testing

/// What commands make of the server's answers about deployed jobs. Nothing here runs.
@Suite struct DeploymentStatusTests {
    static let replaying = """
        {"job":"orders","live":1,"candidate":2,"previous":null,"versions":[
          {"version":1,"role":"live","state":"LIVE","since":1000,"reason":"the first version","wanted":"running",
           "worker":{"phase":"running","processID":17,"restarts":1,"lastEnding":"signal 9 (Killed)","lastLines":["x"]},
           "rowsDone":2899988,"rowsTotal":2900000,"rowsPerSecond":52000.4,"arrivalRowsPerSecond":52100,"lagRows":12,
           "etaSeconds":null,"partitions":[{"topic":"clicks","partition":0,"done":2899988,"total":2900000}],
           "checkpointAgeMilliseconds":200,"checkpoints":9,"stateBytes":1048576,"lateRows":0,"quarantinedRows":null,
           "watermark":null,"watermarkHeldBy":null,"latencyMilliseconds":{"p50":12,"p99":31.25},"paused":null,
           "audit":null,"guard":null},
          {"version":2,"role":"candidate","state":"REPLAYING","since":60000,"reason":"deployed","wanted":"running",
           "worker":{"phase":"running","processID":18,"restarts":0,"lastEnding":null,"lastLines":[]},
           "rowsDone":1200000,"rowsTotal":2900000,"rowsPerSecond":118000,"arrivalRowsPerSecond":52100,
           "lagRows":1700000,"etaSeconds":14.4,
           "partitions":[{"topic":"clicks","partition":0,"done":600000,"total":1500000},
                         {"topic":"clicks","partition":1,"done":600000,"total":1400000}],
           "checkpointAgeMilliseconds":800,"checkpoints":3,"stateBytes":12582912,"lateRows":12,"quarantinedRows":3,
           "watermark":"2026-01-02 03:04:05","watermarkHeldBy":"clicks/1","latencyMilliseconds":null,
           "paused":"the live version's p99 latency is over 200 ms","audit":null,"guard":null}]}
        """

    static func status(_ json: String = replaying) throws -> JobStatus { try JobStatus(JSONValue(parsing: json)) }

    static func audit(_ verdict: String, at: Int = 0, isStale: Bool) throws -> VersionStatus.Audit {
        try VersionStatus.Audit(JSONValue(parsing: #"{"verdict":"\#(verdict)","at":\#(at),"isStale":\#(isStale)}"#))
    }

    private func lines(_ status: JobStatus, width: Int? = nil, partitions: Int = 16) -> [String] {
        StatusText(now: 74_000, width: width, mostPartitions: partitions).lines(status).map(\.text)
    }

    @Test func aReplayIsShownBesideTheLiveVersion() throws {
        #expect(
            lines(try Self.status()) == [
                "orders@2  candidate  REPLAYING for 14 s · checkpoint 0.8 s ago",
                "  all       ████████████░░░░░░░░░░░░░░░░░░   41.3%  1,200,000 of 2,900,000 rows · 118,000 rows/s · ETA 15 s",
                "  clicks/0  ████████████░░░░░░░░░░░░░░░░░░   40.0%  600,000 of 1,500,000",
                "  clicks/1  ████████████░░░░░░░░░░░░░░░░░░   42.8%  600,000 of 1,400,000",
                "  52,100 rows/s arrive · lag 1,700,000 rows",
                "  state 12 MiB · 12 late rows · 3 rows in quarantine",
                "  paused: the live version's p99 latency is over 200 ms",
                "  watermark 2026-01-02 03:04:05, held back by clicks/1",
                "orders@1  live  LIVE for 1 min 13 s · checkpoint 0.2 s ago · 1 restart",
                "  52,000 rows/s · 52,100 rows/s arrive · lag 12 rows · latency p50 12.0 ms, p99 31.3 ms",
                "  state 1 MiB",
            ])
    }

    @Test func whatIsNotPromotedByItselfSaysWhy() throws {
        var status = try Self.status()
        (status.versions[1].state, status.versions[1].refused) = (.ready, "reader@1 reads column \"n\"")
        #expect(lines(status).contains("  not promoted: reader@1 reads column \"n\""))
    }

    @Test func offATerminalAVersionIsOneLine() throws {
        let candidate = try #require(try Self.status().version(2))
        #expect(
            StatusText.line("orders", candidate)
                == "orders@2 REPLAYING · 1,200,000 of 2,900,000 rows (41.3%) · 118,000 rows/s · ETA 15 s · "
                + "lag 1,700,000 rows · checkpoint 0.8 s ago · paused: the live version's p99 latency is over 200 ms")
    }

    @Test(arguments: [1, 2, 10, 40, 79, 80, 100, 200])
    func noLineIsWiderThanTheTerminal(width: Int) throws {
        let lines = StatusText(now: 74_000, width: width).lines(try Self.status())
        for line in lines { #expect(line.cells <= width, "\(line.text)") }
    }

    @Test func ofManyPartitionsThoseFurthestBehindAreShown() throws {
        var status = try Self.status()
        let at = try #require(status.versions.firstIndex { $0.number == 2 })
        status.versions[at].partitions = try (0..<20).map { number in
            let done = number == 7 || number == 13 ? 0 : 90
            return try VersionStatus.Partition(
                JSONValue(parsing: #"{"topic":"t","partition":\#(number),"done":\#(done),"total":100}"#))
        }
        let lines = lines(status, partitions: 2)
        #expect(lines.count { $0.hasPrefix("  t/") } == 2)
        #expect(lines.contains { $0.hasPrefix("  t/7 ") } && lines.contains { $0.hasPrefix("  t/13 ") })
        #expect(lines.contains("  and 18 partitions more, not as far behind"))
    }

    @Test func aStalledVersionSaysBothRates() throws {
        var status = try Self.status()
        let at = try #require(status.versions.firstIndex { $0.number == 2 })
        status.versions[at].state = .stalled
        status.versions[at].arrivalRowsPerSecond = 140_000
        status.versions[at].reason = "it never catches up"
        let text = "it never catches up; now it reads 118,000 rows/s, and 140,000 rows/s arrive"
        #expect(lines(status).contains("  " + text))
        #expect(StatusText.line("orders", status.versions[at]).contains(text))
    }

    @Test func whatIsWrongIsTheSecondLine() throws {
        var status = try Self.status()
        status.versions[1].state = .failed
        status.versions[1].reason = "its worker keeps ending"
        status.versions[1].worker?.phase = "failed"
        status.versions[1].worker?.lastEnding = "exit status 1"
        status.versions[1].worker?.lastLines = ["starting", "error: no space left\u{1B}[2J", ""]
        let lines = lines(status)
        #expect(lines[0].contains("worker failed"))
        #expect(
            lines[1]
                == "  its worker keeps ending; the worker's last end: exit status 1: error: no space left\\u001B[2J")
    }

    @Test func theAuditAndTheGuardAreShown() throws {
        var status = try Self.status()
        status.versions[1].audit = try Self.audit("WARN", at: 64_000, isStale: true)
        status.versions[1].guarded = try VersionStatus.Guard(JSONValue(parsing: #"{"until":134000,"problems":[]}"#))
        var shown = lines(status)
        #expect(shown.contains("  audit WARN, 10 s ago, stale"))
        #expect(shown.contains("  guarded for another 1 min 0 s: nothing is wrong"))
        status.versions[1].guarded?.problems = ["2 restarts", "lag 9,000 rows"]
        shown = lines(status)
        #expect(shown.contains("  guarded for another 1 min 0 s: 2 restarts; lag 9,000 rows"))
    }

    @Test func anAnswerThatMissesWhatMattersIsNoStatus() throws {
        for (json, missing) in [
            ("{}", "job"), (#"{"job":"a"}"#, "versions"), (#"{"job":"a","versions":[{}]}"#, "version"),
            (#"{"job":"a","versions":[{"version":1,"state":"DANCING"}]}"#, "DANCING"),
        ] {
            let error = #expect(throws: MalformedAnswer.self) { try Self.status(json) }
            #expect(error?.expected.contains(missing) == true, "\(json): \(error?.expected ?? "")")
        }
        let least = try Self.status(#"{"job":"a","versions":[{"version":1,"state":"PLANNED","worker":null}]}"#)
        #expect(lines(least) == ["a@1  PLANNED for 1 min 14 s"])
    }

    // MARK: On a terminal

    @Test func linesAreDrawnOverAlsoWhenTheTerminalHasBecomeNarrower() {
        var frame = LiveFrame()
        let lines = [StyledLine("0123456789"), StyledLine("ab")]
        let first = frame.redraw(lines, width: 20, height: 10, isColoured: false)
        #expect(first == "0123456789\u{1B}[K\nab\u{1B}[K\n\u{1B}[J")
        // Ten cells on a terminal of four take three rows, and two take one.
        let second = frame.redraw([StyledLine("x")], width: 4, height: 10, isColoured: false)
        #expect(second == "\r\u{1B}[4Ax\u{1B}[K\n\u{1B}[J")
        let third = frame.redraw(lines + lines, width: 20, height: 3, isColoured: false)
        #expect(third == "\r\u{1B}[1A0123456789\u{1B}[K\nab\u{1B}[K\n\u{1B}[J")
    }

    @Test func coloursAreLeftOutAndControlCharactersDoNothing() {
        let line = StyledLine("a\u{1B}[31m", .bad).adding("b")
        #expect(line.text == "a\\u001B[31mb")
        #expect(line.colouredText == "\u{1B}[1;31ma\\u001B[31m\u{1B}[0mb")
        #expect(line.clipped(cells: 3).text == "a\\…")
        #expect(line.clipped(cells: 0).text == "")
        #expect(StyledLine("日本語").clipped(cells: 4).text == "日…")
    }
}
