/// A promise that a simulation of several processes has seen broken.
package struct SimulationViolation: Error, Equatable, Sendable, CustomStringConvertible {
    /// As `Soak --only` calls it.
    package var simulation: String
    package var seed: UInt64
    package var turn: Int
    package var description: String
    /// The jobs, as they were run.
    package var sql: [String] = []

    /// All that a reader needs to see it again.
    package var report: String {
        "\(simulation), seed \(seed), turn \(turn): \(description)\n\n\(sql.map { $0 + "\n" }.joined())"
            + "swift run -c release Soak --seed \(seed) --only \(simulation) --trace"
    }
}
