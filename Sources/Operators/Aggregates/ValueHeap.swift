import Columnar

// For each group a heap of its values that are in memory, the best on top: pairing heaps, whose nodes are the slots of the
// values' table, in flat arrays.
//
//     insert              constant
//     take the top away   logarithmic, amortised
//
// A value that has gone stays a node until it comes to the top; one that has come back and is no node any more is put in
// again.
//
// Source: M. Fredman, R. Sedgewick, D. Sleator, R. Tarjan, "The pairing heap", Algorithmica 1 (1986).

struct ValueHeap {
    private static let none: Int32 = -1

    private let order: ValueOrder
    /// By group: the node on top.
    private var tops: [Int32] = []
    /// By node.
    private var groups: [Int32] = []
    private var firstChildren: [Int32] = []
    private var siblings: [Int32] = []
    private var isNode: [Bool] = []
    private var integers: [Int64] = []
    private var texts: [[UInt8]] = []
    private var textBytes = 0

    init(_ order: ValueOrder) {
        self.order = order
    }

    /// Slots it knows.
    var count: Int { groups.count }

    var sizeBytes: Int {
        tops.heldBytes + 3 * groups.heldBytes + isNode.heldBytes + integers.heldBytes + texts.heldBytes
            + 32 * texts.count + textBytes
    }

    /// Puts the next slots in.
    /// - Input: of each slot its group and its value, as it is kept.
    mutating func append(_ newGroups: [Int32], _ values: Column, groupCount: Int) {
        grow(to: groupCount)
        switch values {
        case .bigint(let c): integers.append(contentsOf: c.values)
        case .string(let c):
            for k in newGroups.indices {
                let text = Array(c.bytes[Int(c.offsets[k])..<Int(c.offsets[k + 1])])
                textBytes += text.count
                texts.append(text)
            }
        default: preconditionFailure("values are kept as BIGINT or STRING")
        }
        let first = groups.count
        groups.append(contentsOf: newGroups)
        firstChildren.append(contentsOf: repeatElement(Self.none, count: newGroups.count))
        siblings.append(contentsOf: repeatElement(Self.none, count: newGroups.count))
        isNode.append(contentsOf: repeatElement(false, count: newGroups.count))
        for node in first..<groups.count { insert(Int32(node)) }
    }

    mutating func grow(to groupCount: Int) {
        tops.append(contentsOf: repeatElement(Self.none, count: max(0, groupCount - tops.count)))
    }

    /// The slot's value is there; its node may have been taken away.
    mutating func insert(_ node: Int32) {
        guard !isNode[Int(node)] else { return }
        isNode[Int(node)] = true
        let group = Int(groups[Int(node)])
        tops[group] = meld(tops[group], node)
    }

    /// The slot of the group's best value; nil where it has none.
    mutating func best(of group: Int32, counts: [Int64]) -> Int32? {
        var top = tops[Int(group)]
        while top != Self.none, counts[Int(top)] <= 0 {
            isNode[Int(top)] = false
            top = removeTop(top)
        }
        tops[Int(group)] = top
        return top == Self.none ? nil : top
    }

    func precedes(_ a: Int32, _ b: Int32) -> Bool {
        if order.storedType == .bigint { return integers[Int(a)] < integers[Int(b)] }
        return order.wantsMaximum
            ? texts[Int(b)].lexicographicallyPrecedes(texts[Int(a)])
            : texts[Int(a)].lexicographicallyPrecedes(texts[Int(b)])
    }

    /// Both are tops, or none.
    private mutating func meld(_ a: Int32, _ b: Int32) -> Int32 {
        if a == Self.none { return b }
        if b == Self.none { return a }
        let (upper, lower) = precedes(b, a) ? (b, a) : (a, b)
        siblings[Int(lower)] = firstChildren[Int(upper)]
        firstChildren[Int(upper)] = lower
        return upper
    }

    /// What is on top without it: its children are melded by pairs, and then the pairs from the last to the first.
    private mutating func removeTop(_ top: Int32) -> Int32 {
        var child = firstChildren[Int(top)]
        firstChildren[Int(top)] = Self.none
        var pairs = Self.none
        while child != Self.none {
            let second = siblings[Int(child)]
            let next = second == Self.none ? Self.none : siblings[Int(second)]
            siblings[Int(child)] = Self.none
            if second != Self.none { siblings[Int(second)] = Self.none }
            let pair = meld(child, second)
            siblings[Int(pair)] = pairs
            pairs = pair
            child = next
        }
        var rest = Self.none
        while pairs != Self.none {
            let next = siblings[Int(pairs)]
            siblings[Int(pairs)] = Self.none
            rest = meld(rest, pairs)
            pairs = next
        }
        return rest
    }
}
