import HostSystem

/// What a running job has counted, at one moment.
package struct MetricsSnapshot: Equatable, Sendable {
    package var rowsIn = 0
    package var rowsOut = 0
    package var stateBytes = 0
    package var lateRows = 0
    package var quarantinedRows = 0
    package var skippedRecords = 0
    /// Of this start.
    package var checkpoints = 0
    /// How long the last one took.
    package var lastCheckpointMilliseconds = 0.0
    /// nil: there was none since this start.
    package var checkpointAgeMilliseconds: Int64?
    /// The least of all sources, milliseconds since 1970-01-01 00:00:00; nil: none has one, or one knows none yet.
    package var watermark: Int64?
    /// What holds it back, and for how long already: `partition 2 of topic "orders", for 12 s`; nil: not known.
    package var watermarkHeldBy: String?
    /// Somebody has asked for it, and it reads nothing.
    package var isPaused = false

    package init() {}

    init(_ metrics: JobMetrics, nowNanoseconds now: Int64) {
        rowsIn = metrics.rowsIn.load(ordering: .relaxed)
        rowsOut = metrics.rowsOut.load(ordering: .relaxed)
        stateBytes = metrics.stateBytes
        lateRows = metrics.lateRows
        quarantinedRows = metrics.quarantinedRows.load(ordering: .relaxed)
        skippedRecords = metrics.skippedRecords.load(ordering: .relaxed)
        let commits = metrics.checkpoints
        checkpoints = commits.count
        guard commits.count > 0 else { return }
        lastCheckpointMilliseconds = Double(commits.lastDurationNanoseconds) / 1e6
        checkpointAgeMilliseconds = (now - commits.lastNanoseconds) / 1_000_000
    }

    package var json: JSONValue {
        .object([
            ("rowsIn", .integer(rowsIn)), ("rowsOut", .integer(rowsOut)), ("stateBytes", .integer(stateBytes)),
            ("lateRows", .integer(lateRows)), ("quarantinedRows", .integer(quarantinedRows)),
            ("skippedRecords", .integer(skippedRecords)), ("checkpoints", .integer(checkpoints)),
            ("lastCheckpointMilliseconds", .number(lastCheckpointMilliseconds)),
            ("checkpointAgeMilliseconds", checkpointAgeMilliseconds.map { .integer($0) } ?? .null),
            ("watermark", watermark.map { .integer($0) } ?? .null),
            ("watermarkHeldBy", watermarkHeldBy.map { .string($0) } ?? .null), ("isPaused", .boolean(isPaused)),
        ])
    }
}
