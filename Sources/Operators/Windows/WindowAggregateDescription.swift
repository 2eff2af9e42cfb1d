import Columnar
import Dataflow

/// A column of a window aggregate's output.
package enum WindowAggregateOutput: Hashable, Sendable {
    /// By position in `keys`.
    case key(Int)
    /// By position in `calls`.
    case call(Int)
    case windowStart
    case windowEnd
    /// The end less one millisecond: the rowtime of what comes out.
    case windowTime
}

/// GROUP BY the window and other keys over append-only input: each window's rows once, when it has ended.
package struct WindowAggregateDescription: LinkDescription {
    package enum Window: Hashable, Sendable {
        case assigned(WindowAssigner)
        /// The rows' own windows, in columns of TIMESTAMP.
        case attached(start: Int, end: Int)
    }

    package enum Time: Hashable, Sendable {
        /// The column of TIMESTAMP that decides a row's windows; not looked at where windows are attached.
        case event(column: Int)
        case processing
    }

    package var operatorID: UInt32
    /// For the count of late rows.
    package var name: String
    package var window: Window
    package var time: Time
    /// Without the window's columns: what the exchange sends rows by.
    package var keys: [Int]
    package var keyTypes: [DataType]
    package var calls: [AggregateCall]
    /// For each call the type of its argument (any for `COUNT(*)`).
    package var argumentTypes: [DataType]
    package var outputs: [WindowAggregateOutput]
    /// What it takes.
    package var columns: [Field] = []
    /// Late rows are kept; only beside a side output.
    package var quarantinesLateRows = false

    package init(
        operatorID: UInt32, name: String, window: Window, time: Time, keys: [Int], keyTypes: [DataType],
        calls: [AggregateCall], argumentTypes: [DataType], outputs: [WindowAggregateOutput]
    ) {
        self.operatorID = operatorID
        self.name = name
        self.window = window
        self.time = time
        self.keys = keys
        self.keyTypes = keyTypes
        self.calls = calls
        self.argumentTypes = argumentTypes
        self.outputs = outputs
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .keyed(WindowAggregate(self, context))
    }
}

extension WindowAggregateDescription {
    /// Keys of the state: the number (WindowKey), the start of an attached window, the other keys.
    var state: GroupStateDescription {
        let windowTypes: [DataType] = isAttached ? [.bigint, .timestamp(precision: 3)] : [.bigint]
        let stateKeyTypes = windowTypes + keyTypes
        return GroupStateDescription(
            operatorID: operatorID, keyTypes: stateKeyTypes,
            keyGroupPositions: Array(windowTypes.count..<stateKeyTypes.count), calls: calls,
            argumentTypes: argumentTypes, end: WindowClock.key)
    }

    var isAttached: Bool {
        if case .attached = window { true } else { false }
    }

    /// The columns of one batch of output.
    /// - Parameters:
    ///   - start: nil where windows are attached: it is a key.
    ///   - keys: of the state, without the number.
    func columns(start: Int64?, end: Int64, keys: [Column], results: [Column], rowCount: Int) -> [Column] {
        outputs.map { output in
            switch output {
            case .key(let index): keys[start == nil ? index + 1 : index]
            case .call(let index): results[index]
            case .windowStart: start.map { Self.constant($0, rowCount) } ?? keys[0]
            case .windowEnd: Self.constant(end, rowCount)
            case .windowTime: Self.constant(end - 1, rowCount)
            }
        }
    }

    private static func constant(_ value: Int64, _ rowCount: Int) -> Column {
        .timestamp(FixedColumn([Int64](repeating: value, count: rowCount)))
    }
}
