import Columnar
import Dataflow
import Operators

// Windows as links: the shape becomes an assigner, the columns stay where they are.

extension WindowShape {
    /// - Invariant: as the binder has checked, the size is a positive multiple of the slide.
    var assigner: WindowAssigner {
        switch function {
        case .tumble: .tumble(size: size, offset: offset)
        case .hop: .hop(size: size, slide: slide, offset: offset)
        }
    }
}

extension WindowTable {
    var description: WindowAssignDescription {
        guard let column = time.column else {
            preconditionFailure("the analyser refuses windows of processing time without an aggregation")
        }
        return WindowAssignDescription(assigner: shape.assigner, timeColumn: column, columns: input.fields)
    }
}

extension WindowAggregation {
    func description(operatorID: UInt32) -> WindowAggregateDescription {
        let types = input.columns.map(\.type)
        let keys = groupColumns.indices.map { WindowAggregateOutput.key($0) }
        var description = WindowAggregateDescription(
            operatorID: operatorID, name: name, window: describedWindow, time: describedTime, keys: groupColumns,
            keyTypes: groupColumns.map { types[$0] }, calls: calls,
            argumentTypes: calls.map { call in call.argument.map { types[$0] } ?? .bigint },
            outputs: keys + calls.indices.map { .call($0) } + properties.map(\.output))
        description.columns = input.fields
        return description
    }

    /// Where any of the tables that its rows come from says so.
    var quarantinesLateRows: Bool { windows.isEventTime && input.tablesRead.contains(where: \.quarantinesLateRows) }

    var name: String { "WindowAggregate[\(names.prefix(groupColumns.count).joined(separator: ", "))]" }

    private var describedWindow: WindowAggregateDescription.Window {
        switch windows {
        case .attached(let start, let end, _): .attached(start: start, end: end)
        case .sliced: .assigned(shape.assigner)
        }
    }

    private var describedTime: WindowAggregateDescription.Time {
        switch windows {
        case .sliced(.event(let column)): .event(column: column)
        // The windows are there: no time is looked at.
        case .attached(let start, _, true): .event(column: start)
        case .attached(_, _, false), .sliced(.processing): .processing
        }
    }
}

extension WindowProperty {
    fileprivate var output: WindowAggregateOutput {
        switch self {
        case .start: .windowStart
        case .end: .windowEnd
        case .time: .windowTime
        }
    }
}
