import Columnar
import Operators
import Synchronization

/// Shows the changes of a query that is followed, each batch as it comes; called by any thread.
///
/// Text has them as the `print` connector does, JSON as `sluice topic consume` those of a keyed topic; CSV has the kind of
/// change in the first column.
final class ChangeOutput: Sendable {
    private struct State {
        var left: Int
        var isOver: Bool
        var header: [UInt8]
        let writer: any RowWriter
        /// JSON has objects of its own.
        let texts: RowTexts
    }

    private let state: Mutex<State>
    private let format: ResultFormat
    private let onEnd: @Sendable () -> Void

    /// - Parameters:
    ///   - most: changes that are shown; nil: no limit.
    ///   - onEnd: called once, when no more are wanted.
    init(_ fields: [Field], _ output: ResultOutput, most: Int?, onEnd: @escaping @Sendable () -> Void) {
        self.onEnd = onEnd
        format = output.format
        let texts = RowTexts(fields)
        var header: [UInt8] = []
        let writer: any RowWriter
        switch output.format {
        case .text: writer = PrintWriter(fields: texts.fields)
        case .json: writer = ChangeJSONWriter(fields: fields)
        case .csv:
            let all = [Field("op", .string, isNullable: false)] + texts.fields
            writer = CSVRowWriter(fields: all)
            writer.write(ResultOutput.names(of: all), to: &header)
        }
        state = Mutex(State(left: most ?? .max, isOver: most == 0, header: header, writer: writer, texts: texts))
    }

    /// Enough are shown, or nobody reads them.
    var isOver: Bool { state.withLock { $0.isOver } }

    func write(_ batch: Batch) {
        let hasEnded = state.withLock { state in
            guard !state.isOver else { return false }
            var batch = batch.compacted()
            if batch.rowCount > state.left { batch.selection = Array(0..<Int32(truncatingIfNeeded: state.left)) }
            state.left -= batch.selectedCount
            var out = state.header
            state.header = []
            state.writer.write(shown(batch.compacted(), state.texts), to: &out)
            state.isOver = !StandardStreams.output(out) || state.left == 0
            return state.isOver
        }
        if hasEnded { onEnd() }
    }

    private func shown(_ batch: Batch, _ texts: RowTexts) -> Batch {
        switch format {
        case .json: batch
        case .text: texts.apply(batch)
        case .csv: Self.withKinds(texts.apply(batch))
        }
    }

    private static func withKinds(_ batch: Batch) -> Batch {
        var kinds = StringColumn()
        for row in 0..<batch.rowCount {
            kinds.bytes += (batch.rowKinds?[row] ?? .insert).symbol.utf8
            kinds.offsets.append(Int32(truncatingIfNeeded: kinds.bytes.count))
        }
        return Batch(columns: [.string(kinds)] + batch.columns, rowCount: batch.rowCount)
    }
}
