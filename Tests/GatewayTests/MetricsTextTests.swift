import Gateway
import Testing

@Suite struct MetricsTextTests {
    @Test func familiesStandTogether() {
        var metrics = MetricsText()
        metrics.add("sluice_job_uptime", .gauge, help: "How long.", labels: [("job", "a")], value: 1234)
        metrics.add("sluice_restarts_total", .counter, help: #"Starts, \ and"# + "\nmore.", value: 0)
        metrics.add(
            "sluice_job_uptime", .gauge, help: "not said again", labels: [("job", "b"), ("task", "x")], value: 0.5)
        #expect(
            metrics.text == """
                # HELP sluice_job_uptime How long.
                # TYPE sluice_job_uptime gauge
                sluice_job_uptime{job="a"} 1234
                sluice_job_uptime{job="b",task="x"} 0.5
                # HELP sluice_restarts_total Starts, \\\\ and\\nmore.
                # TYPE sluice_restarts_total counter
                sluice_restarts_total 0

                """)
    }

    @Test func labelsMayHoldAnything() {
        var metrics = MetricsText()
        metrics.add("m", .gauge, help: "", labels: [("l", "a\"b\\c\nd\u{0}ä}")], value: 1)
        #expect(metrics.text.hasSuffix("m{l=\"a\\\"b\\\\c\\nd\u{0}ä}\"} 1\n"))
    }

    @Test(arguments: [
        (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (-0.0, "0"), (1e300, "1e+300"), (0.1, "0.1"),
        (-12, "-12"), (9_007_199_254_740_992, "9007199254740992"),
    ])
    func valuesAreWrittenAsPrometheusReadsThem(value: Double, text: String) {
        var metrics = MetricsText()
        metrics.add("m", .gauge, help: "", value: value)
        #expect(metrics.text.hasSuffix("\nm \(text)\n"))
    }

    @Test func withoutSamplesThereIsNothing() { #expect(MetricsText().text.isEmpty) }
}
