package protocol TimeSource: Sendable {
    /// Milliseconds since 1970-01-01 UTC. May go back.
    func wallMilliseconds() -> Int64
    /// Nanoseconds since some fixed moment. Never goes back.
    func monotonicNanoseconds() -> Int64
}
