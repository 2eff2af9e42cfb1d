import Columnar
import HostSystem
import KeyedState

// One chain of links on one thread.
//
//   running ──barrier──▶ draining(link) ──all changes sent──▶ awaitingCommit ──commit──▶ running, or finished
//
// A step does one bounded piece of work and says how it went. What a step has made waits in the outbox until the outputs
// take it; while it waits nothing else is done (back-pressure). On the barrier the links give their changes one batch at a
// time, in chain order, so that what one link sends reaches the next before that one drains. Then the subtask hands over
// its snapshot and waits for the commit.

package enum Progress: Sendable {
    case madeProgress
    /// Wait for the doorbell.
    case blocked
    case finished
}

/// What a subtask hands over at a barrier.
package struct SubtaskSnapshot: Sendable {
    /// Source positions and sink ends.
    package var parts: [CheckpointRecord.OperatorPart] = []
    package var changes: [StateChanges] = []

    package init() {}
}

package final class Subtask {
    private enum Phase {
        case running
        case draining(Barrier, link: Int)
        case awaitingCommit(Barrier)
        case finished
    }

    /// Of the parallel subtasks of one operator; there is one of each.
    package static let parallelIndex: UInt32 = 0

    package let name: String
    /// Of the vertex in the graph.
    package let index: UInt32
    private let inputs: [Channel]
    private let links: [ChainLink]
    private let outputs: [Channel]
    private let control: SubtaskControl
    private let report: (SubtaskEvent) -> Void
    private let budget: MemoryBudget
    private let metrics: JobMetrics
    private let time: any TimeSource

    private var phase = Phase.running
    private var aligner: BarrierAligner
    /// Elements made by a step, and for each the outputs that have not taken it yet.
    private var outbox: [(element: Element, nextOutput: Int)] = []
    private var nextInput = 0
    private var sourceIsExhausted = false
    private var epochWasAsked = false
    private var earlyDrainLink: Int?
    private var stallBegan: Int64 = 0

    package init(
        name: String, index: UInt32, inputs: [Channel], links: [ChainLink], outputs: [Channel], control: SubtaskControl,
        budget: MemoryBudget, metrics: JobMetrics, time: any TimeSource,
        report: @escaping (SubtaskEvent) -> Void
    ) {
        self.name = name
        self.index = index
        self.inputs = inputs
        self.links = links
        self.outputs = outputs
        self.control = control
        self.budget = budget
        self.metrics = metrics
        self.time = time
        self.report = report
        aligner = BarrierAligner(inputCount: inputs.count)
    }

    package func step() throws(JobFailure) -> Progress {
        guard flushOutbox() else { return .blocked }
        switch phase {
        case .running: return try run()
        case .draining(let barrier, let link):
            try drainOne(barrier, link: link)
            return .madeProgress
        case .awaitingCommit(let barrier):
            guard control.isCommitted(barrier.checkpoint) else { return .blocked }
            try finishCommit(barrier)
            return .madeProgress
        case .finished: return .finished
        }
    }

    // MARK: Running

    private func run() throws(JobFailure) -> Progress {
        if let link = earlyDrainLink { return try drainEarly(link) }
        if case .source(let source, _)? = links.first { return try runSource(source) }
        for offset in inputs.indices {
            let input = (nextInput + offset) % inputs.count
            guard aligner.isOpen(input), let element = inputs[input].pop() else { continue }
            nextInput = (input + 1) % inputs.count
            try take(element, from: input)
            return .madeProgress
        }
        return .blocked
    }

    private func runSource(_ source: any Source) throws(JobFailure) -> Progress {
        if let barrier = control.takeBarrierRequest() {
            phase = .draining(barrier, link: 0)
            return .madeProgress
        }
        if sourceIsExhausted { return .blocked }
        switch try source.read() {
        case .batch(let batch): try pass(batch, from: 1)
        case .nothing: break
        case .exhausted:
            sourceIsExhausted = true
            report(.exhausted(subtask: index))
        }
        return .madeProgress
    }

    private func take(_ element: Element, from input: Int) throws(JobFailure) {
        switch element {
        case .batch(let batch): try pass(batch, from: 0)
        case .barrier(let barrier):
            if case .aligned(let barrier) = aligner.arrive(barrier, on: input) {
                phase = .draining(barrier, link: 0)
            }
        }
    }

    /// Sends a batch through the links from `first` on; what comes out at the end goes to the outbox.
    private func pass(_ batch: Batch, from first: Int) throws(JobFailure) {
        var batch = batch
        for link in first..<links.count {
            switch links[link] {
            case .source: preconditionFailure("a source is the first link")
            case .transform(let transform):
                guard let next = try transform.apply(batch), next.selectedCount > 0 else { return }
                batch = next
            case .keyed(let keyed):
                try keyed.accumulate(batch)
                try watchMemory(keyed)
                if keyed.wantsDrain { earlyDrainLink = link }
                if keyed.wantsEpoch { askForEpoch() }
                return
            case .sink(let sink):
                try sink.write(batch)
                metrics.add(batch.selectedCount, to: metrics.rowsOut)
                if sink.wantsEpoch { askForEpoch() }
                return
            }
        }
        if !outputs.isEmpty { outbox.append((.batch(batch), 0)) }
    }

    private func watchMemory(_ keyed: any KeyedOperator) throws(JobFailure) {
        let channels = inputs.reduce(0) { $0 + $1.sizeBytes }
        let sum = try budget.report(index, name, bytes: keyed.stateBytes + channels)
        metrics.stateBytes.store(sum, ordering: .relaxed)
    }

    private func askForEpoch() {
        guard !epochWasAsked else { return }
        epochWasAsked = true
        report(.epochWanted)
    }

    private func drainEarly(_ link: Int) throws(JobFailure) -> Progress {
        guard case .keyed(let keyed) = links[link], let changes = try keyed.drain() else {
            earlyDrainLink = nil
            return .madeProgress
        }
        try pass(changes, from: link + 1)
        return .madeProgress
    }

    /// False where an output is full.
    private func flushOutbox() -> Bool {
        while !outbox.isEmpty {
            while outbox[0].nextOutput < outputs.count {
                guard outputs[outbox[0].nextOutput].push(outbox[0].element) else { return false }
                outbox[0].nextOutput += 1
            }
            outbox.removeFirst()
        }
        return true
    }

    // MARK: The barrier

    private func drainOne(_ barrier: Barrier, link: Int) throws(JobFailure) {
        earlyDrainLink = nil
        guard link < links.count else { return try handOver(barrier) }
        if case .keyed(let keyed) = links[link], let changes = try keyed.drain() {
            try pass(changes, from: link + 1)
        } else {
            phase = .draining(barrier, link: link + 1)
        }
    }

    private func handOver(_ barrier: Barrier) throws(JobFailure) {
        let start = time.monotonicNanoseconds()
        if !outputs.isEmpty { outbox.append((.barrier(barrier), 0)) }
        _ = flushOutbox()
        var snapshot = SubtaskSnapshot()
        for link in links {
            switch link {
            case .source(let source, let operatorID):
                let position = try source.position()
                snapshot.parts.append(.init(operatorID: operatorID, subtask: Self.parallelIndex, bytes: position))
            case .transform: break
            case .keyed(let keyed): snapshot.changes.append(try keyed.snapshot())
            case .sink(let sink):
                let state = try sink.prepare(barrier)
                snapshot.parts.append(
                    .init(operatorID: sink.operatorID, subtask: Self.parallelIndex, bytes: state))
            }
        }
        epochWasAsked = false
        phase = .awaitingCommit(barrier)
        stallBegan = start
        report(.handedOver(subtask: index, checkpoint: barrier.checkpoint, snapshot))
    }

    private var hasKeyedState: Bool {
        links.contains { link in
            if case .keyed = link { true } else { false }
        }
    }

    private func finishCommit(_ barrier: Barrier) throws(JobFailure) {
        if hasKeyedState { metrics.stalled(nanoseconds: time.monotonicNanoseconds() - stallBegan) }
        for case .sink(let sink) in links { try sink.committed(barrier) }
        phase = barrier.kind.isLast ? .finished : .running
        if barrier.kind.isLast { report(.finished(subtask: index)) }
    }
}
