import ArgumentParser
import Operators
import StreamSQL

/// How long a topic keeps its rows, as `topic create` and `topic alter` take it.
struct RetentionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long rows are kept: an age, a size of each partition, or none for ever; may be given twice.",
            valueName: "7d or 10GB"))
    var retention: [String] = []

    @Option(help: ArgumentHelp("Kafka's names: retention.ms=604800000, retention.bytes=-1.", valueName: "key=value"))
    var config: [String] = []

    /// What was said; what cannot be read is refused before by `validate`.
    var change: RetentionChange {
        (retention.compactMap { RetentionChange(text: $0) } + config.compactMap(Self.option)).reduce(RetentionChange())
        {
            $0.adding($1)
        }
    }

    private static func option(_ text: String) -> RetentionChange? {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2 ? RetentionChange(key: parts[0], value: parts[1]) : nil
    }

    func validate() throws {
        for text in retention where RetentionChange(text: text) == nil {
            throw ValidationError("--retention '\(text)': it is \(RetentionChange.hint)")
        }
        for text in config where Self.option(text) == nil {
            throw ValidationError(
                "--config '\(text)': there are \(RetentionChange.keys.joined(separator: " and ")), "
                    + "as in retention.ms=604800000; -1 is unbounded")
        }
    }
}
