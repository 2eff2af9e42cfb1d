import Columnar
import CommitLog
import HostSystem
import KeyedState

// One chain of links on one thread.
//
//   running ──event time──▶ advancing(link) ──▶ running
//      │                         │ (a source sends its watermark before the barrier)
//      └──────barrier──▶ draining(link) ──all changes sent──▶ awaitingCommit ──commit──▶ settling ──▶ running, or finished
//
// A step does one bounded piece of work and says how it went. What a step has made waits in the outbox until the outputs
// take it; while it waits nothing else is done (back-pressure). Event time passes the keyed links in chain order: what a
// link sends because of it reaches the next before that one is told, and the watermark leaves the subtask behind all
// of it. On the barrier the links give their changes one batch at a time, likewise in chain order. Then the subtask hands
// over its snapshot and waits for the commit; keyed links may then have to wait until more is materialised.

package enum Progress: Sendable {
    case madeProgress
    /// Wait for the doorbell.
    case blocked
    case finished
}

/// What a subtask hands over at a barrier.
package struct SubtaskSnapshot: Sendable {
    /// Sink ends.
    package var parts: [CheckpointRecord.OperatorPart] = []
    package var changes: [StateChanges] = []
    /// Rows in the log that exist from this epoch's commit on.
    package var published: [OffsetRange] = []
    /// When journal time makes something due in this subtask; nil: never.
    package var nextTimerMilliseconds: Int64?

    package init() {}
}

package final class Subtask {
    private enum Phase {
        case running
        /// Event time passes the links; behind it comes the barrier, where there is one.
        case advancing(WatermarkStatus, link: Int, Barrier?)
        case draining(Barrier, link: Int)
        case awaitingCommit(Barrier)
        case settling
        case finished
    }

    package let name: String
    /// Of all subtasks of the job.
    package let index: UInt32
    /// Of the parallel subtasks of its vertex.
    package let parallelIndex: UInt32
    private let inputs: [Channel]
    private let links: [ChainLink]
    private let outputs: [OutputPort]
    private let sideOutput: SideOutput?
    private let control: SubtaskControl
    private let report: (SubtaskEvent) -> Void
    private let store: StateStore
    private let metrics: JobMetrics
    private let time: any TimeSource

    private var phase = Phase.running
    private var aligner: BarrierAligner
    private var merger: WatermarkMerger
    /// Elements made by a step, and for each the channels that have not taken it yet.
    private var outbox: [(element: Element, targets: [Channel])] = []
    private var nextInput = 0
    private var sourceIsExhausted = false
    private var epochWasAsked = false
    private var progressWasTold = false
    private var earlyDrainLink: Int?
    /// Links that have more to give, each behind the one before it: the last one goes on first.
    private var expanding: [Int] = []
    private var stallBegan: Int64 = 0
    /// What was sent on last.
    private var sentWatermark = WatermarkStatus.active(WatermarkStatus.unknown)

    package init(
        name: String, index: UInt32, parallelIndex: UInt32, inputs: [Channel], links: [ChainLink],
        outputs: [OutputPort], sideOutput: SideOutput? = nil, control: SubtaskControl, store: StateStore,
        metrics: JobMetrics, time: any TimeSource,
        report: @escaping (SubtaskEvent) -> Void
    ) {
        self.name = name
        self.index = index
        self.parallelIndex = parallelIndex
        self.inputs = inputs
        self.links = links
        self.outputs = outputs
        self.sideOutput = sideOutput
        self.control = control
        self.store = store
        self.metrics = metrics
        self.time = time
        self.report = report
        aligner = BarrierAligner(inputCount: inputs.count, safeguards: store.safeguards)
        // A source is an input of its own.
        merger = WatermarkMerger(inputCount: max(inputs.count, 1))
    }

    package func step() throws(JobFailure) -> Progress {
        takeSideOutput()
        guard flushOutbox() else { return .blocked }
        if let link = expanding.last {
            try expand(link)
            return .madeProgress
        }
        switch phase {
        case .running: return try run()
        case .advancing(let status, let link, let barrier):
            try advance(status, link, barrier)
            return .madeProgress
        case .draining(let barrier, let link):
            try drainOne(barrier, link: link)
            return .madeProgress
        case .awaitingCommit(let barrier):
            guard control.isCommitted(barrier.checkpoint) else { return .blocked }
            try finishCommit(barrier)
            return .madeProgress
        case .settling: return try settle()
        case .finished: return .finished
        }
    }

    // MARK: Running

    private func run() throws(JobFailure) -> Progress {
        if let link = earlyDrainLink { return try drainEarly(link) }
        if case .source(let source)? = links.first { return try runSource(source) }
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
            try source.prepareBarrier()
            let status = barrier.kind == .end ? .active(WatermarkStatus.end) : source.watermark
            phase = .draining(barrier, link: 0)
            if let status, let news = merger.merge(status, from: 0) {
                phase = .advancing(news, link: 0, barrier)
            }
            return .madeProgress
        }
        if sourceIsExhausted { return .blocked }
        var progress = Progress.madeProgress
        switch try source.read() {
        case .batch(var batch):
            tellProgress()
            if !store.safeguards.contains(.ownWatermark) { batch.rowWatermarks = nil }
            if !store.safeguards.contains(.rowsFirst), let status = source.watermark { sendToAll(.watermark(status)) }
            try pass(batch, from: 1)
        case .nothing: break
        case .waiting: progress = .blocked
        case .exhausted:
            sourceIsExhausted = true
            report(.exhausted(subtask: index))
        }
        if let status = source.watermark, let news = merger.merge(status, from: 0) {
            phase = .advancing(news, link: 0, nil)
            progress = .madeProgress
        }
        return progress
    }

    private func take(_ element: Element, from input: Int) throws(JobFailure) {
        switch element {
        case .batch(let batch): try pass(batch, from: 0)
        case .watermark(let status):
            if let news = merger.merge(status, from: input) { phase = .advancing(news, link: 0, nil) }
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
            case .expansion(let expansion):
                try expansion.begin(batch)
                expanding.append(link)
                return
            case .keyed(let keyed):
                try keyed.accumulate(batch)
                metrics.holds(keyed.stateBytes, subtask: index)
                if keyed.wantsDrain { earlyDrainLink = link }
                if keyed.wantsEpoch { askForEpoch() }
                return
            case .sink(let sink):
                tellProgress()
                try sink.write(batch)
                if sink.isOfSideOutput {
                    metrics.add(batch.selectedCount, to: metrics.quarantinedRows)
                } else {
                    metrics.add(batch.selectedCount, to: metrics.rowsOut)
                }
                if sink.wantsEpoch { askForEpoch() }
                return
            }
        }
        for output in outputs where !output.isSide {
            output.route(batch) { part, channel in outbox.append((.batch(part), [channel])) }
        }
    }

    private func expand(_ link: Int) throws(JobFailure) {
        guard case .expansion(let expansion) = links[link], let batch = try expansion.next() else {
            expanding.removeLast()
            return
        }
        try pass(batch, from: link + 1)
    }

    private func askForEpoch() {
        guard !epochWasAsked else { return }
        epochWasAsked = true
        report(.epochWanted)
    }

    private func tellProgress() {
        guard !progressWasTold else { return }
        progressWasTold = true
        report(.progressed)
    }

    private func drainEarly(_ link: Int) throws(JobFailure) -> Progress {
        guard case .keyed(let keyed) = links[link], let changes = try keyed.drain(.memory) else {
            earlyDrainLink = nil
            return .madeProgress
        }
        try pass(changes, from: link + 1)
        return .madeProgress
    }

    /// In front of all that is sent from here on.
    private func takeSideOutput() {
        guard let sideOutput else { return }
        for batch in sideOutput.takeAll() {
            for output in outputs where output.isSide {
                output.route(batch) { part, channel in outbox.append((.batch(part), [channel])) }
            }
        }
    }

    /// False where an output is full.
    private func flushOutbox() -> Bool {
        var sent = 0
        defer { if sent > 0 { outbox.removeFirst(sent) } }
        while sent < outbox.count {
            while let channel = outbox[sent].targets.last {
                guard channel.push(outbox[sent].element) else { return false }
                outbox[sent].targets.removeLast()
            }
            sent += 1
        }
        return true
    }

    private func sendToAll(_ element: Element) {
        let channels = outputs.flatMap(\.channels)
        if !channels.isEmpty { outbox.append((element, channels)) }
    }

    // MARK: Event time

    /// One bounded piece of work of event time's way through the links.
    private func advance(_ status: WatermarkStatus, _ first: Int, _ barrier: Barrier?) throws(JobFailure) {
        guard case .active(let watermark) = status else { return finishAdvance(status, barrier) }
        var link = first
        while link < links.count {
            if case .keyed(let keyed) = links[link] {
                // Told again with every batch it gives: the same time, which changes nothing.
                try keyed.advance(to: watermark)
                if let due = try keyed.drain(.watermark) {
                    try pass(due, from: link + 1)
                    phase = .advancing(status, link: link, barrier)
                    return
                }
                phase = .advancing(.active(keyed.outputWatermark), link: link + 1, barrier)
                return
            }
            link += 1
        }
        finishAdvance(status, barrier)
    }

    private func finishAdvance(_ status: WatermarkStatus, _ barrier: Barrier?) {
        if status != sentWatermark {
            sentWatermark = status
            sendToAll(.watermark(status))
        }
        phase = barrier.map { .draining($0, link: 0) } ?? .running
    }

    // MARK: The barrier

    private func drainOne(_ barrier: Barrier, link: Int) throws(JobFailure) {
        earlyDrainLink = nil
        guard link < links.count else { return try handOver(barrier) }
        if case .keyed(let keyed) = links[link] {
            keyed.advanceProcessingTime(to: barrier.kind == .end ? .max : barrier.milliseconds)
            if let changes = try keyed.drain(.barrier) { return try pass(changes, from: link + 1) }
        }
        phase = .draining(barrier, link: link + 1)
    }

    private func handOver(_ barrier: Barrier) throws(JobFailure) {
        let start = time.monotonicNanoseconds()
        takeSideOutput()
        sendToAll(.barrier(barrier))
        _ = flushOutbox()
        var snapshot = SubtaskSnapshot()
        var timers: [Int64] = []
        for link in links {
            switch link {
            case .source, .transform, .expansion: break
            case .keyed(let keyed):
                snapshot.changes += try keyed.snapshot(barrier.checkpoint)
                if let timer = keyed.nextProcessingTimer { timers.append(timer) }
            case .sink(let sink):
                let state = try sink.prepare(barrier)
                snapshot.parts.append(.init(operatorID: sink.operatorID, subtask: parallelIndex, bytes: state))
                snapshot.published += sink.published
                if let timer = sink.nextTimerMilliseconds { timers.append(timer) }
            }
        }
        snapshot.nextTimerMilliseconds = timers.min()
        epochWasAsked = false
        progressWasTold = false
        phase = .awaitingCommit(barrier)
        stallBegan = start
        report(.handedOver(subtask: index, checkpoint: barrier.checkpoint, snapshot))
    }

    private var keyedLinks: [any KeyedOperator] {
        links.compactMap { link in
            if case .keyed(let keyed) = link { keyed } else { nil }
        }
    }

    private func finishCommit(_ barrier: Barrier) throws(JobFailure) {
        for case .sink(let sink) in links { try sink.committed(barrier) }
        if barrier.kind.isLast {
            phase = .finished
            report(.finished(subtask: index))
            return
        }
        phase = .running
        guard !keyedLinks.isEmpty else { return }
        metrics.stalled(nanoseconds: time.monotonicNanoseconds() - stallBegan)
        phase = .settling
    }

    /// Keyed links let go of what they need not hold, and wait for a materialisation that has fallen far behind.
    private func settle() throws(JobFailure) -> Progress {
        let materialised = store.materialisedNumber
        let mayGrow = store.mayGrow
        for keyed in keyedLinks {
            guard try keyed.settle(materialised: materialised), mayGrow else {
                report(.materialisationWanted)
                return .blocked
            }
            metrics.holds(keyed.stateBytes, subtask: index)
        }
        phase = .running
        return .madeProgress
    }
}
