// A subtask with several inputs may not mix epochs: an input whose barrier has come waits for the others.

package struct BarrierAligner: Sendable {
    package enum Arrival: Equatable, Sendable {
        case waitsForOthers
        case aligned(Barrier)
    }

    private var arrived: [Bool]
    private var pending: Barrier?

    package init(inputCount: Int) { arrived = [Bool](repeating: false, count: inputCount) }

    /// Whether elements of this input may be taken now.
    package func isOpen(_ input: Int) -> Bool { !arrived[input] }

    /// A barrier has come in on an open input.
    package mutating func arrive(_ barrier: Barrier, on input: Int) -> Arrival {
        precondition(!arrived[input], "an input behind its barrier is not read")
        precondition(pending == nil || pending == barrier, "all inputs see the same barriers in the same order")
        arrived[input] = true
        pending = barrier
        guard arrived.allSatisfy({ $0 }) else { return .waitsForOthers }
        for i in arrived.indices { arrived[i] = false }
        pending = nil
        return .aligned(barrier)
    }
}
