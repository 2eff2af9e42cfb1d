// A subtask with several inputs may not mix epochs: an input whose barrier has come waits for the others.

import HostSystem

package struct BarrierAligner: Sendable {
    package enum Arrival: Equatable, Sendable {
        case waitsForOthers
        case aligned(Barrier)
    }

    private var arrived: [Bool]
    private var pending: Barrier?
    private let safeguards: Safeguards

    package init(inputCount: Int, safeguards: Safeguards = .all) {
        arrived = [Bool](repeating: false, count: inputCount)
        self.safeguards = safeguards
    }

    /// Whether elements of this input may be taken now.
    package func isOpen(_ input: Int) -> Bool { !arrived[input] }

    /// A barrier has come in on an open input.
    package mutating func arrive(_ barrier: Barrier, on input: Int) -> Arrival {
        guard safeguards.contains(.align) else {
            defer { pending = barrier }
            return pending == barrier ? .waitsForOthers : .aligned(barrier)
        }
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
