// Every state that a switch of versions can come to, breadth first, so that the trace of what is wrong is a shortest one;
// the journal in it is the real `JournalState`, whose conditions are what is tried. From every state a good one must be
// reachable by ordinary steps alone: once faults stop, nobody waits for ever.

import CommitLog
import HostSystem

package struct CutoverExploration {
    package struct Finding: Sendable, CustomStringConvertible {
        package var wrong: String
        package var trace: [CutoverMove]

        package var description: String {
            wrong + trace.enumerated().map { "\n\($0 + 1). \($1)" }.joined()
        }
    }

    package struct Outcome: Sendable {
        package var states: Int
        package var steps: Int
        /// nil: nothing is wrong.
        package var finding: Finding?
        /// There were more states than asked for.
        package var isUnfinished: Bool
    }

    private let steps: CutoverSteps
    private let isAsked: @Sendable (CutoverWorld) -> Bool
    private let isGood: @Sendable (CutoverWorld) -> Bool
    private let limit: Int
    private var numbers: [UInt128: Int32] = [:]
    private var parents: [Int32] = []
    private var moves: [CutoverMove] = []
    private var goods: [Bool] = []
    private var asked: [Bool] = []
    /// Ordinary steps, from one state to another.
    private var edges: [(from: Int32, to: Int32)] = []
    private var stepCount = 0

    private init(_ steps: CutoverSteps, limit: Int) {
        self.steps = steps
        self.limit = limit
        switch steps.setting.question {
        case .freedom: (isAsked, isGood) = ({ _ in true }, { steps.isFree($0) })
        case .firstSwitch: (isAsked, isGood) = ({ steps.maySwitch($0) }, { $0.deployment.generation > 0 })
        }
    }

    /// - Parameter limit: so many states at most.
    package static func run(
        _ setting: CutoverSetting, safeguards: Safeguards = .all, limit: Int = .max
    ) -> Outcome {
        var exploration = CutoverExploration(CutoverSteps(setting, safeguards), limit: limit)
        var (finding, isFinished): (Finding?, Bool)
        do throws(JournalRefusal) {
            (finding, isFinished) = try exploration.explore()
        } catch {
            (finding, isFinished) = (Finding(wrong: "the job cannot be deployed: \(error)", trace: []), true)
        }
        if finding == nil, isFinished { finding = exploration.waitsForEver() }
        return Outcome(
            states: exploration.parents.count, steps: exploration.stepCount, finding: finding,
            isUnfinished: !isFinished)
    }

    private mutating func explore() throws(JournalRefusal) -> (Finding?, isFinished: Bool) {
        var front = [try steps.first()]
        add(front[0], key: front[0].key(steps.layout), parent: -1, .deploysThird)
        // A whole level at a time: the worlds of earlier ones are not needed any more.
        var base: Int32 = 0
        while !front.isEmpty {
            var next: [CutoverWorld] = []
            for (offset, world) in front.enumerated() {
                let number = base + Int32(offset)
                for step in steps.all(world) {
                    stepCount += 1
                    let key = step.next.key(steps.layout)
                    let known = numbers[key]
                    let to = known ?? add(step.next, key: key, parent: number, step.move)
                    if let wrong = step.wrong ?? (known == nil ? steps.wrong(step.next) : nil) {
                        return (Finding(wrong: wrong, trace: trace(of: number) + [step.move]), true)
                    }
                    if !step.move.isFault, to != number { edges.append((number, to)) }
                    if known == nil { next.append(step.next) }
                }
            }
            base += Int32(front.count)
            front = next
            if parents.count > limit { return (nil, front.isEmpty) }
        }
        return (nil, true)
    }

    @discardableResult
    private mutating func add(_ world: CutoverWorld, key: UInt128, parent: Int32, _ move: CutoverMove) -> Int32 {
        let number = Int32(parents.count)
        numbers[key] = number
        parents.append(parent)
        moves.append(move)
        goods.append(isGood(world))
        asked.append(isAsked(world))
        return number
    }

    private func trace(of state: Int32) -> [CutoverMove] {
        var trace: [CutoverMove] = []
        var at = Int(state)
        while parents[at] >= 0 {
            trace.append(moves[at])
            at = Int(parents[at])
        }
        return trace.reversed()
    }

    /// The first state from which ordinary steps come to no good one: backwards from those that are good.
    private func waitsForEver() -> Finding? {
        var heads = [Int32](repeating: -1, count: parents.count)
        var links = [Int32](repeating: -1, count: edges.count)
        for (index, edge) in edges.enumerated() {
            links[index] = heads[Int(edge.to)]
            heads[Int(edge.to)] = Int32(index)
        }
        var reaches = goods
        var left = goods.indices.filter { goods[$0] }
        while let state = left.popLast() {
            var index = heads[state]
            while index >= 0 {
                let from = Int(edges[Int(index)].from)
                if !reaches[from] {
                    reaches[from] = true
                    left.append(from)
                }
                index = links[Int(index)]
            }
        }
        guard let stuck = reaches.indices.first(where: { asked[$0] && !reaches[$0] }) else { return nil }
        return Finding(wrong: "from here nobody comes to the end", trace: trace(of: Int32(stuck)))
    }
}
