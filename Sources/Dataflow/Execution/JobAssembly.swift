import CommitLog
import HostSystem
import KeyedState

// From the description of a job to its subtasks: every vertex `parallelism` times, a channel from each subtask that feeds to
// each that is fed, the links made and restored. No thread runs yet.

/// A subtask and what stands around it.
package struct AssembledSubtask {
    package let subtask: Subtask
    package let control: SubtaskControl
    let isSource: Bool
    let links: [ChainLink]
}

/// What the parallel subtasks of one source share.
package struct AssembledInput {
    let operatorID: UInt32
    let input: any SourceInput

    package init(operatorID: UInt32, input: any SourceInput) {
        self.operatorID = operatorID
        self.input = input
    }
}

struct JobAssembly {
    let graph: JobGraph
    let settings: JobSettings
    let identity: RunIdentity
    let store: StateStore
    let files: any FileSystem
    let time: any TimeSource
    let metrics: JobMetrics
    let notices: NoticeBoard
    let events: EventQueue
    let background: any BackgroundRunner
    let log: CommitLogAccess?
    /// By vertex, those that are fed behind those that feed.
    private(set) var subtasks: [AssembledSubtask] = []
    private(set) var slotDoorbells: [Doorbell] = []
    private(set) var inputs: [AssembledInput] = []
    /// The earliest that waits in what was restored.
    private(set) var firstTimerMilliseconds: Int64?

    init(
        graph: JobGraph, settings: JobSettings, identity: RunIdentity, store: StateStore, files: any FileSystem,
        time: any TimeSource, metrics: JobMetrics, notices: NoticeBoard, events: EventQueue,
        background: any BackgroundRunner, log: CommitLogAccess? = nil
    ) {
        self.log = log
        self.graph = graph
        self.settings = settings
        self.identity = identity
        self.store = store
        self.files = files
        self.time = time
        self.metrics = metrics
        self.notices = notices
        self.events = events
        self.background = background
    }

    /// - Parameters:
    ///   - record: of the checkpoint, or savepoint, to go on from; nil: from nothing.
    ///   - isNewRun: sinks begin anew, also behind a savepoint: its files belong to the run that made it.
    ///   - milliseconds: journal time, at which the first epoch begins.
    mutating func assemble(
        from record: CheckpointRecord?, isNewRun: Bool, at milliseconds: Int64
    ) throws(JobFailure) {
        let parallelism = settings.parallelism
        let plan = MemoryPlan(graph, settings)
        let wiring = Wiring(
            graph, parallelism: parallelism, maximumParallelism: settings.maximumParallelism,
            channelBytes: plan.channelBytes, safeguards: settings.safeguards)
        slotDoorbells = wiring.slots
        for (index, vertex) in graph.vertices.enumerated() {
            let contexts = (0..<parallelism).map { subtask in
                context(
                    subtask, plan, doorbell: wiring.controls[index][subtask].doorbell,
                    sideOutput: wiring.outputs[index][subtask].contains(where: \.isSide) ? SideOutput() : nil)
            }
            let chains = try makeChains(vertex, contexts, from: record)
            for (subtask, links) in chains.enumerated() {
                let control = wiring.controls[index][subtask]
                let events = events
                let made = Subtask(
                    name: parallelism == 1 ? vertex.name : "\(vertex.name) \(subtask + 1)/\(parallelism)",
                    index: UInt32(index * parallelism + subtask), parallelIndex: UInt32(subtask),
                    inputs: wiring.inputs[index][subtask], links: links, outputs: wiring.outputs[index][subtask],
                    sideOutput: contexts[subtask].sideOutput,
                    control: control, store: store, metrics: metrics, time: time, report: { events.post($0) })
                subtasks.append(
                    AssembledSubtask(subtask: made, control: control, isSource: vertex.source != nil, links: links))
                try openSinks(of: links, from: isNewRun ? nil : record)
            }
        }
        let keyed = (0..<parallelism).map(keyedLinks)
        for link in keyed.joined() { link.advanceProcessingTime(to: milliseconds) }
        if record != nil { try restoreState(of: keyed) }
        for link in keyed.joined() { note(link.nextProcessingTimer) }
    }

    /// Of a new run: so much of the job's time has passed before its first row.
    func begin(at milliseconds: Int64) {
        for link in (0..<settings.parallelism).flatMap(keyedLinks) { link.advanceProcessingTime(to: milliseconds) }
    }

    /// Of a run that has finished: what its last commit left to be renamed or shown is renamed and shown.
    mutating func openSinks(from record: CheckpointRecord) throws(JobFailure) {
        for vertex in graph.vertices {
            let contexts = (0..<settings.parallelism).map {
                context($0, MemoryPlan(graph, settings), doorbell: Doorbell())
            }
            for description in vertex.links {
                for link in try description.makeLinks(contexts) {
                    if case .sink = link { try openSinks(of: [link], from: record) }
                }
            }
        }
    }

    private func context(
        _ subtask: Int, _ plan: MemoryPlan, doorbell: Doorbell, sideOutput: SideOutput? = nil
    ) -> LinkContext {
        let notices = notices
        var context = LinkContext(
            files: files, time: time, metrics: metrics, run: identity, subtask: UInt32(subtask),
            parallelism: settings.parallelism,
            keyGroups: keyGroups(of: subtask),
            settings: settings, store: store, stateLimitBytes: plan.stateBytesPerOperator,
            wake: { doorbell.ring() }, notice: { notices.post($0) })
        context.log = log
        context.background = background
        context.sideOutput = sideOutput
        return context
    }

    /// One chain for each subtask.
    private mutating func makeChains(
        _ vertex: Vertex, _ contexts: [LinkContext], from record: CheckpointRecord?
    ) throws(JobFailure) -> [[ChainLink]] {
        var chains = contexts.map { _ in [ChainLink]() }
        if let source = vertex.source {
            let input = try source.makeInput(contexts[0])
            try input.restore(from: record?.part(of: source.operatorID, subtask: 0))
            inputs.append(AssembledInput(operatorID: source.operatorID, input: input))
            for (subtask, context) in contexts.enumerated() {
                chains[subtask].append(.source(try input.makeReader(context)))
            }
        }
        for description in vertex.links {
            for (subtask, link) in try description.makeLinks(contexts).enumerated() { chains[subtask].append(link) }
        }
        return chains
    }

    // MARK: Restoring

    private mutating func openSinks(of links: [ChainLink], from record: CheckpointRecord?) throws(JobFailure) {
        for case .sink(let sink) in links {
            let states = record?.parts.filter { $0.operatorID == sink.operatorID } ?? []
            try sink.open(
                from: states, parallelismChanged: record.map { $0.parallelism != settings.parallelism } ?? false)
            note(sink.nextTimerMilliseconds)
        }
    }

    /// Of all subtasks of an index.
    private func keyedLinks(_ subtask: Int) -> [any KeyedOperator] {
        subtasks.filter { $0.subtask.parallelIndex == subtask }.flatMap(\.links).compactMap { link in
            if case .keyed(let keyed) = link { keyed } else { nil }
        }
    }

    /// The subtasks of an index at once with those of the others.
    private func restoreState(of keyed: [[any KeyedOperator]]) throws(JobFailure) {
        let restorations = keyed.enumerated().map { subtask, operators in
            StateRestoration(operators, keyGroups: keyGroups(of: subtask), from: store)
        }
        if restorations.count == 1 {
            restorations[0].run()
        } else {
            let works = restorations.map { restoration in background.launch("restore") { restoration.run() } }
            for work in works { work.join() }
        }
        for restoration in restorations {
            if let failure = restoration.failure { throw failure }
        }
    }

    private func keyGroups(of subtask: Int) -> Range<Int> {
        KeyGroupRouting.keyGroups(
            of: subtask, parallelism: settings.parallelism, maximumParallelism: settings.maximumParallelism)
    }

    private mutating func note(_ timer: Int64?) {
        guard let timer else { return }
        firstTimerMilliseconds = min(firstTimerMilliseconds ?? timer, timer)
    }
}
