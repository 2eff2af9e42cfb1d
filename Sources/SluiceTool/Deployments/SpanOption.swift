import ArgumentParser
import StreamSQL

/// A duration as Flink writes it: `500 ms`, `15min`, `24h`.
struct SpanOption: ExpressibleByArgument {
    var milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(argument: String) {
        guard let milliseconds = Quantity.milliseconds(argument), milliseconds >= 0 else { return nil }
        self.milliseconds = milliseconds
    }

    var defaultValueDescription: String { SpanText.text(milliseconds: Int(clamping: milliseconds)) }
}
