import Columnar

// An expression made ready to run: a list of nodes, each after its arguments, with kernels chosen, patterns compiled and
// constant parts computed. Chains of AND and OR, which may be long, become one node.

package struct ExpressionProgram: Sendable {
    /// Levels of nesting, chains of AND and OR not counted. Bounds the recursion of compiling and running.
    package static let depthLimit = 256
    /// Bytes of a string constant: it may be repeated for each row of a batch, of which 100,000 then stay within a column.
    package static let stringLimit = 1 << 14

    struct Node: Sendable {
        var step: Step
        /// Nodes before this one.
        var arguments: [Int] = []
        var type: DataType
        var place: SourcePlace?
        /// Whether rows out of scope matter, here or in an argument: they could fail, or cost more than to leave them out.
        var isScoped = false
    }

    enum Step: Sendable {
        case column(Int)
        /// One row.
        case constant(Column)
        case arithmetic(ArithmeticOperator)
        case negate
        case comparison(ComparisonOperator)
        case distinct(Bool)
        case and
        case or
        case not
        case nullTest(NullTest)
        case inItems
        case inList(MembershipTest)
        case like(LikePattern)
        /// The pattern is an argument too.
        case likePatterns(escape: Unicode.Scalar?)
        case caseWhen
        case coalesce
        case cast
        case substring
        case concat
        case letterCase(LetterCase)
        case trim(Trim)
        case charLength
        case splitIndex
        // The pattern, which is in the step, is an argument too.
        case patternExtraction(RegularExpression)
        case patternTest(RegularExpression)
        case patternReplacement(RegularExpression)
    }

    package let type: DataType
    private(set) var nodes: [Node] = []
    private(set) var root = 0

    /// - Errors: parts that have no kernel, nesting that is too deep, bad LIKE escapes, bad
    ///   regular expressions.
    package init(_ expression: ScalarExpression) throws(ExpressionError) {
        type = expression.type
        root = try compile(expression, depth: 1)
    }

    private mutating func compile(_ expression: ScalarExpression, depth: Int) throws(ExpressionError) -> Int {
        switch expression {
        case .column(let index, let type):
            guard !type.isRow else { throw .noKernel("a column of type \(type)", place: nil) }
            return append(Node(step: .column(index), type: type))
        case .literal(let literal, let type):
            return append(Node(step: .constant(try Self.constant(literal, type)), type: type))
        case .call(let function, let arguments, let type, let place):
            guard depth <= Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit, place: place) }
            let call = ExpressionCall(
                function: function, arguments: Self.operands(of: expression, function, arguments), type: type,
                place: place)
            try call.check()
            var nodes: [Int] = []
            for argument in call.arguments { nodes.append(try compile(argument, depth: depth + 1)) }
            return append(folded(try node(for: call, nodes)))
        }
    }

    /// The arguments; of AND and OR those of the same operator on the left spine too.
    private static func operands(
        of expression: ScalarExpression, _ function: ScalarFunction, _ arguments: [ScalarExpression]
    ) -> [ScalarExpression] {
        guard function == .and || function == .or else { return arguments }
        var reversed: [ScalarExpression] = []
        var spine = expression
        while case .call(function, let parts, _, _) = spine, let left = parts.first {
            reversed.append(contentsOf: parts.dropFirst().reversed())
            spine = left
        }
        reversed.append(spine)
        return reversed.reversed()
    }

    private mutating func append(_ node: Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    private func node(for call: ExpressionCall, _ arguments: [Int]) throws(ExpressionError) -> Node {
        var node = Node(
            step: try call.step(constants: arguments.map { constant(at: $0) }), arguments: arguments, type: call.type,
            place: call.place)
        if case .like = node.step { node.arguments = [arguments[0]] }
        if case .likePatterns = node.step { node.arguments = Array(arguments.prefix(2)) }
        if case .inList = node.step { node.arguments = [arguments[0]] }
        node.isScoped = node.step.isScoped(node.type) || node.arguments.contains { nodes[$0].isScoped }
        return node
    }

    private func constant(at index: Int) -> Column? {
        if case .constant(let column) = nodes[index].step { column } else { nil }
    }

    /// A node of constants as its value; as it is where that fails, so that it fails the rows that reach it.
    private func folded(_ node: Node) -> Node {
        guard node.arguments.allSatisfy({ constant(at: $0) != nil }) else { return node }
        var failures = RowFailures()
        let batch = Batch(columns: [], rowCount: 1)
        let value = run(node, batch, RowScope(rowCount: 1), &failures).expanded(to: 1)
        guard failures.isEmpty else { return node }
        if case .string(let c) = value, c.bytes.count > Self.stringLimit { return node }
        return Node(step: .constant(value), type: node.type, place: node.place)
    }

    private static func constant(_ literal: Literal, _ type: DataType) throws(ExpressionError) -> Column {
        switch (literal, type) {
        case (_, .row): throw .noKernel("a literal of type \(type)", place: nil)
        case (.null, _): return .nulls(type, rowCount: 1)
        case (.boolean(let value), .boolean): return .boolean(FixedColumn([value]))
        case (.int(let value), .int): return .int(FixedColumn([value]))
        case (.bigint(let value), .bigint): return .bigint(FixedColumn([value]))
        case (.double(let value), .double): return .double(FixedColumn([value]))
        case (.date(let value), .date): return .date(FixedColumn([value]))
        case (.timestamp(let value), .timestamp(0...3)): return .timestamp(FixedColumn([value]))
        case (.timestampMicros(let value), .timestamp(4...6)): return .timestampMicros(FixedColumn([value]))
        case (.string(let text), .string):
            let bytes = Array(text.utf8)
            guard bytes.count <= stringLimit else { throw .literalTooLong(limitBytes: stringLimit) }
            return .string(StringColumn(offsets: [0, Int32(truncatingIfNeeded: bytes.count)], bytes: bytes))
        default: throw .noKernel("the literal \(literal) as \(type)", place: nil)
        }
    }
}

extension ExpressionProgram.Step {
    /// Whether this kernel itself looks at the rows in scope.
    fileprivate func isScoped(_ type: DataType) -> Bool {
        switch self {
        case .column, .constant, .comparison, .distinct, .and, .or, .not, .nullTest, .inItems, .charLength: false
        case .arithmetic, .negate: type != .double
        case .inList, .like, .likePatterns, .caseWhen, .coalesce, .cast, .substring, .concat, .letterCase, .trim,
            .splitIndex,
            .patternExtraction, .patternTest, .patternReplacement:
            true
        }
    }
}

extension DataType {
    var isRow: Bool { if case .row = self { true } else { false } }
}
