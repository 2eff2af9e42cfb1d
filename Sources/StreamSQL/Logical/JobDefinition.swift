/// What an EXPLAIN in the file asks for.
package struct ExplainRequest: Sendable {
    /// Optimised; a query without a sink, or the sinks of its INSERTs.
    package var plans: [LogicalPlan]
}

/// A SQL file, analysed: what to run and how.
package struct JobDefinition: Sendable {
    /// What the file is called: for messages, and for the run's name where no setting gives one.
    package var file: String
    package var settings: Settings
    package var warnings: [String]
    /// One optimised plan per table written, in the order of the first INSERT into it; each is a `.sink`.
    package var sinks: [LogicalPlan]
    package var explains: [ExplainRequest]
}
