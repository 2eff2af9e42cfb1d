/// When a part file is closed and the next one begun. Source: Flink's `sink.rolling-policy.*`, same defaults.
package struct RollingPolicy: Hashable, Sendable {
    package var fileSizeBytes: Int
    /// Since the part was begun.
    package var rolloverMilliseconds: Int64
    /// Since the part was last written to.
    package var inactivityMilliseconds: Int64

    package init(
        fileSizeBytes: Int = 128 << 20, rolloverMilliseconds: Int64 = 30 * 60_000,
        inactivityMilliseconds: Int64 = 30 * 60_000
    ) {
        self.fileSizeBytes = fileSizeBytes
        self.rolloverMilliseconds = rolloverMilliseconds
        self.inactivityMilliseconds = inactivityMilliseconds
    }

    /// Flink compares sizes with `>` and ages with `>=`.
    func closes(sizeBytes: Int) -> Bool { sizeBytes > fileSizeBytes }

    /// The time at which a part is due to be closed, whatever its size.
    func dueMilliseconds(begun: Int64, lastWritten: Int64) -> Int64 {
        let (age, ageOverflow) = begun.addingReportingOverflow(rolloverMilliseconds)
        let (idle, idleOverflow) = lastWritten.addingReportingOverflow(inactivityMilliseconds)
        return min(ageOverflow ? .max : age, idleOverflow ? .max : idle)
    }
}
