import Columnar
import Operators

// TUMBLE and HOP, in FROM and in GROUP BY. Both make the same plan: `GROUP BY TUMBLE(ts, …)` is a GROUP BY of the window columns
// of TUMBLE over the table in FROM, which nobody sees by name.

extension QueryBinder {
    /// `TABLE(TUMBLE(…))`
    func windowed(_ syntax: WindowTableSyntax, _ environment: Environment) throws(SQLError) -> Relation {
        var (input, alias) = try relation(syntax.input, environment)
        let scope = Scope(input.columns, alias: alias, source: source)
        let shape = try WindowShape(
            syntax.function, size: syntax.size, slide: syntax.slide, offset: syntax.offset, at: syntax.span, source)
        let time = try windowTime([syntax.timeColumn], scope, input, at: syntax.timeColumn.span) { type in
            "the window function \(syntax.function.signature) requires the timecol is a time attribute type, but is \(type)"
        }
        try checkWindowInput(input, at: syntax.span)
        input = try withWindows(input, shape, time, at: syntax.span)
        let first = input.plan.columns.count - (time == .processing ? 2 : 3)
        let type = WindowProperty.type
        var names: [(WindowProperty, ColumnContent)] = [
            (.start, .value(index: first, type, isNullable: false)),
            (.end, .value(index: first + 1, type, isNullable: false)),
        ]
        names.append(
            (.time, time == .processing ? .processingTime : .value(index: first + 2, type, isNullable: false)))
        input.columns += names.map { RelationColumn(name: $0.0.rawValue, content: $0.1) }
        return input
    }

    /// The rows with the columns of their windows behind those of the plan; no name for these yet.
    func withWindows(
        _ input: Relation, _ shape: WindowShape, _ time: WindowTime, at span: SourceSpan
    ) throws(SQLError) -> Relation {
        var relation = input
        let first = input.plan.columns.count
        relation.plan = .windows(WindowTable(input: input.plan, shape: shape, time: time, place: source.place(span)))
        relation.bulk = try input.bulk.under(weight: first + 3, source, at: span)
        var windows = WindowColumns(shape: shape, isEventTime: time != .processing, starts: [first], ends: [first + 1])
        if windows.isEventTime {
            windows.times = [first + 2]
            relation.times.rowtimes.insert(first + 2)
        }
        relation.times.windows = windows
        return relation
    }

    func checkWindowInput(_ input: Relation, at span: SourceSpan) throws(SQLError) {
        guard let node = input.plan.updatingNode else { return }
        throw source.error(node.refusal(by: "a window"), at: span)
    }

    /// - Parameter refusal: the message for a column of this type that is no time attribute.
    func windowTime(
        _ name: [Identifier], _ scope: Scope, _ input: Relation, at span: SourceSpan, _ refusal: (String) -> String
    ) throws(SQLError) -> WindowTime {
        let hint =
            "a time attribute is the column of the table's WATERMARK, a computed column AS PROCTIME(), or window_time"
        switch try scope.resolve(name) {
        case .processingTime: return .processing
        case .value(let index, let type, _):
            if input.times.rowtimes.contains(index) { return .event(column: index) }
            throw source.error(refusal("\(type)"), at: span, hint: hint)
        case .row: throw source.error(refusal("ROW"), at: span, hint: hint)
        }
    }
}

extension WindowFunction {
    /// As Flink's messages write it.
    fileprivate var signature: String {
        switch self {
        case .tumble: "TUMBLE(TABLE table_name, DESCRIPTOR(timecol), datetime interval)"
        case .hop: "HOP(TABLE table_name, DESCRIPTOR(timecol), datetime interval, datetime interval)"
        }
    }
}

extension WindowShape {
    /// - Errors: sizes that make no windows, in Flink's words.
    init(
        _ function: WindowFunction, size: Expression, slide: Expression?, offset: Expression?, at span: SourceSpan,
        _ source: SourceText
    ) throws(SQLError) {
        let sizeLength = try WindowShape.milliseconds(size, of: function, source)
        self.init(function: function, size: sizeLength, slide: sizeLength, offset: 0)
        if let slide { self.slide = try WindowShape.milliseconds(slide, of: function, source) }
        if let offset { self.offset = try WindowShape.milliseconds(offset, of: function, source) }
        try check(at: span, source)
    }

    private static func milliseconds(
        _ expression: Expression, of function: WindowFunction, _ source: SourceText
    ) throws(SQLError) -> Int64 {
        guard case .interval(let interval) = expression.kind else {
            throw source.error(
                "the windows of \(function.rawValue) take intervals as literals", at: expression.span,
                detail: function.form, hint: "INTERVAL '10' SECOND")
        }
        guard interval.months == 0 else {
            throw source.error(
                "cannot apply \(function.rawValue) to an interval of months: only day-time intervals are supported",
                at: expression.span, detail: function.form)
        }
        return interval.milliseconds
    }

    private func check(at span: SourceSpan, _ source: SourceText) throws(SQLError) {
        let name = function.rawValue
        guard size > 0, slide > 0 else {
            let parameters = function == .hop ? "slide > 0 and size > 0" : "size > 0"
            let found = function == .hop ? "slide \(slide)ms and size \(size)ms" : "size \(size)ms"
            throw source.error("\(name) window parameters must satisfy \(parameters), but got \(found)", at: span)
        }
        guard size % slide == 0 else {
            throw source.error(
                "\(name) table function based aggregate requires size must be an integral multiple of slide, but got "
                    + "size \(size) ms and slide \(slide) ms", at: span)
        }
        guard size / slide <= WindowShape.mostWindows else {
            throw source.error(
                "\(name) puts each row into \(size / slide) windows", at: span,
                detail: "at most \(WindowShape.mostWindows) are supported", hint: "a larger slide makes fewer")
        }
        // The offset's least value has no absolute one.
        guard offset.magnitude < size.magnitude else {
            throw source.error(
                "\(name) window parameters must satisfy abs(offset) < size, but got size \(size)ms and offset "
                    + "\(offset)ms", at: span)
        }
    }

    static let mostWindows: Int64 = 1 << 20
}

/// `TUMBLE(ts, …)` or `HOP(ts, …)` in GROUP BY, while the SELECT around it is bound.
struct GroupWindow {
    var shape: WindowShape
    var time: WindowTime
    /// Of the plan: where `window_start` is; the other columns of the window follow.
    var firstColumn: Int

    static func function(of expression: Expression) -> WindowFunction? {
        guard case .function(let name, _) = expression.kind else { return nil }
        return WindowFunction(rawValue: name.name.uppercased())
    }
}

extension QueryBinder {
    /// The window that GROUP BY names, if it does, and the rows with it.
    func groupWindow(
        _ groups: [Expression], _ input: Relation, _ scope: Scope
    ) throws(SQLError) -> (Relation, GroupWindow)? {
        let calls = groups.filter { GroupWindow.function(of: $0) != nil }
        guard let call = calls.first else { return nil }
        if calls.count > 1 {
            throw source.error("GROUP BY has more than one window", at: calls[1].span)
        }
        let (shape, time) = try GroupWindow.read(call, scope, input, self)
        try checkWindowInput(input, at: call.span)
        let relation = try withWindows(input, shape, time, at: call.span)
        return (relation, GroupWindow(shape: shape, time: time, firstColumn: input.plan.columns.count))
    }
}

extension GroupWindow {
    /// What `TUMBLE(ts, size)`, or a call with the same arguments, stands for.
    static func read(
        _ call: Expression, _ scope: Scope, _ input: Relation, _ binder: QueryBinder
    ) throws(SQLError) -> (WindowShape, WindowTime) {
        guard case .function(let name, let arguments) = call.kind, let function = function(of: call) else {
            preconditionFailure("only a window function is read")
        }
        let intervals = try intervals(function, function.rawValue, arguments, at: call.span, binder.source)
        guard case .name(let parts) = arguments[0].kind else {
            throw binder.source.error(
                "\(name.name) takes a time attribute, which is a column", at: arguments[0].span)
        }
        let time = try binder.windowTime(parts, scope, input, at: arguments[0].span) { type in
            "window aggregate can only be defined over a time attribute column, but \(type) encountered"
        }
        let shape = try WindowShape(
            function, size: intervals.size, slide: intervals.slide, offset: nil, at: call.span, binder.source)
        return (shape, time)
    }

    static func intervals(
        _ function: WindowFunction, _ name: String, _ arguments: [Expression], at span: SourceSpan, _ source: SourceText
    ) throws(SQLError) -> (size: Expression, slide: Expression?) {
        let count = function == .hop ? 3 : 2
        let form = function == .hop ? "\(name)(ts, slide, size)" : "\(name)(ts, size)"
        guard arguments.count >= count else {
            throw source.error("\(name) takes \(count) arguments", at: span, hint: form)
        }
        if arguments.count > count {
            throw source.notSupported(
                "the alignment of a window in GROUP BY", at: arguments[count].span,
                hint: "TABLE(\(function.rawValue)(…)) in FROM takes an offset")
        }
        return function == .hop ? (arguments[2], arguments[1]) : (arguments[1], nil)
    }
}

extension ExpressionBinder {
    /// `TUMBLE_START(ts, …)` and its like: a column of the window that GROUP BY names.
    mutating func windowFunction(
        _ name: String, _ arguments: [Expression], at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        if name == "PROCTIME" {
            throw source.notSupported(
                "PROCTIME() in an expression", at: span,
                hint: "a computed column \"p AS PROCTIME()\" is what a window takes as its time")
        }
        let parts = name.split(separator: "_").map(String.init)
        guard parts.count == 2, let function = WindowFunction(rawValue: parts[0]) else {
            if clause == .groupBy { throw source.notSupported("\(name) inside an expression", at: span) }
            throw source.error("\(name) is not allowed in \(clause.rawValue): it makes windows in GROUP BY", at: span)
        }
        guard let window = try matchingWindow(function, name, arguments, at: span) else {
            throw source.error(
                "call to auxiliary group function '\(name)' must have matching call to group function "
                    + "'\(function.rawValue)' in GROUP BY clause", at: span)
        }
        let property: Int
        switch parts[1] {
        case "START": property = 0
        case "END": property = 1
        default:
            guard parts[1] == "ROWTIME", window.time != .processing else {
                throw source.notSupported("\(name) of a window over \(window.time.text)", at: span)
            }
            property = 2
        }
        return column(window.firstColumn + property, WindowProperty.type, false, at: span)
    }

    /// Whether the expression is the clock's: `PROCTIME()`, or the processing time of the window that GROUP BY names.
    mutating func isProcessingTime(_ expression: Expression) throws(SQLError) -> Bool {
        if expression.isProcessingTimeCall { return true }
        guard case .function(let name, let arguments) = expression.kind else { return false }
        let parts = name.name.uppercased().split(separator: "_").map(String.init)
        guard parts.count == 2, parts[1] == "PROCTIME", let function = WindowFunction(rawValue: parts[0]),
            let window = try matchingWindow(function, name.name, arguments, at: expression.span)
        else { return false }
        return window.time == .processing
    }

    /// The window of GROUP BY, if it was made by a call with these arguments.
    private func matchingWindow(
        _ function: WindowFunction, _ name: String, _ arguments: [Expression], at span: SourceSpan
    ) throws(SQLError) -> GroupWindow? {
        guard let window = groupWindow, window.shape.function == function else { return nil }
        let intervals = try GroupWindow.intervals(function, name, arguments, at: span, source)
        let shape = try WindowShape(
            function, size: intervals.size, slide: intervals.slide, offset: nil, at: span, source)
        guard shape == window.shape, case .name(let parts) = arguments[0].kind else { return nil }
        switch try scope.resolve(parts) {
        case .value(let index, _, _): return window.time == .event(column: index) ? window : nil
        case .processingTime: return window.time == .processing ? window : nil
        case .row: return nil
        }
    }
}

extension WindowTime {
    var text: String { self == .processing ? "processing time" : "event time" }
}

extension GroupWindow {
    /// The columns that GROUP BY of the window is by.
    var columns: [NamedExpression] {
        let properties: [WindowProperty] = time == .processing ? [.start, .end] : [.start, .end, .time]
        return properties.enumerated().map { index, property in
            NamedExpression(
                name: property.rawValue, expression: .column(firstColumn + index, WindowProperty.type),
                isNullable: false)
        }
    }
}
