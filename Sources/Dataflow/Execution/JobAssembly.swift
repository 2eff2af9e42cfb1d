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
struct AssembledInput {
    let operatorID: UInt32
    let input: any SourceInput
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
    private(set) var subtasks: [AssembledSubtask] = []
    private(set) var inputs: [AssembledInput] = []
    /// The earliest that waits in what was restored.
    private(set) var firstTimerMilliseconds: Int64?

    init(
        graph: JobGraph, settings: JobSettings, identity: RunIdentity, store: StateStore, files: any FileSystem,
        time: any TimeSource, metrics: JobMetrics, notices: NoticeBoard, events: EventQueue
    ) {
        self.graph = graph
        self.settings = settings
        self.identity = identity
        self.store = store
        self.files = files
        self.time = time
        self.metrics = metrics
        self.notices = notices
        self.events = events
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
        for (index, vertex) in graph.vertices.enumerated() {
            let contexts = (0..<parallelism).map { subtask in
                context(subtask, plan, doorbell: wiring.controls[index][subtask].doorbell)
            }
            let chains = try makeChains(vertex, contexts, from: record)
            for (subtask, links) in chains.enumerated() {
                let control = wiring.controls[index][subtask]
                let events = events
                let made = Subtask(
                    name: parallelism == 1 ? vertex.name : "\(vertex.name) \(subtask + 1)/\(parallelism)",
                    index: UInt32(index * parallelism + subtask), parallelIndex: UInt32(subtask),
                    inputs: wiring.inputs[index][subtask], links: links, outputs: wiring.outputs[index][subtask],
                    control: control, store: store, metrics: metrics, time: time, report: { events.post($0) })
                subtasks.append(
                    AssembledSubtask(subtask: made, control: control, isSource: vertex.source != nil, links: links))
                try restore(links, contexts[subtask], from: record, isNewRun: isNewRun, at: milliseconds)
            }
        }
    }

    /// Of a run that has finished: what its last commit left to be renamed or shown is renamed and shown.
    mutating func openSinks(from record: CheckpointRecord) throws(JobFailure) {
        for vertex in graph.vertices {
            let contexts = (0..<settings.parallelism).map {
                context($0, MemoryPlan(graph, settings), doorbell: Doorbell())
            }
            for description in vertex.links {
                for (subtask, link) in try description.makeLinks(contexts).enumerated() {
                    if case .sink = link {
                        try restore([link], contexts[subtask], from: record, isNewRun: false, at: 0)
                    }
                }
            }
        }
    }

    private func context(_ subtask: Int, _ plan: MemoryPlan, doorbell: Doorbell) -> LinkContext {
        let notices = notices
        return LinkContext(
            files: files, time: time, metrics: metrics, run: identity, subtask: UInt32(subtask),
            parallelism: settings.parallelism,
            keyGroups: KeyGroupRouting.keyGroups(
                of: subtask, parallelism: settings.parallelism, maximumParallelism: settings.maximumParallelism),
            settings: settings, store: store, stateLimitBytes: plan.stateBytesPerOperator,
            wake: { doorbell.ring() }, notice: { notices.post($0) })
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

    private mutating func restore(
        _ links: [ChainLink], _ context: LinkContext, from record: CheckpointRecord?, isNewRun: Bool,
        at milliseconds: Int64
    ) throws(JobFailure) {
        for link in links {
            switch link {
            case .source, .transform, .expansion: break
            case .keyed(let keyed):
                keyed.advanceProcessingTime(to: milliseconds)
                if record != nil { try restore(keyed, context.keyGroups) }
                note(keyed.nextProcessingTimer)
            case .sink(let sink):
                let record = isNewRun ? nil : record
                let states = record?.parts.filter { $0.operatorID == sink.operatorID } ?? []
                try sink.open(
                    from: states, parallelismChanged: record.map { $0.parallelism != settings.parallelism } ?? false)
                note(sink.nextTimerMilliseconds)
            }
        }
    }

    private mutating func note(_ timer: Int64?) {
        guard let timer else { return }
        firstTimerMilliseconds = min(firstTimerMilliseconds ?? timer, timer)
    }

    private func restore(_ keyed: any KeyedOperator, _ keyGroups: Range<Int>) throws(JobFailure) {
        do throws(StateError) {
            try store.restoreChanges(operatorID: keyed.operatorID, keyGroups: keyGroups) {
                (change) throws(CorruptBytes) in try keyed.restore(change)
            }
        } catch {
            throw JobFailure.state(error)
        }
        try keyed.finishRestore()
    }
}
