import CommitLog
import Dataflow
import HostSystem
import Synchronization

// Reads the journal to its end, again and again, and keeps what it tells of each deployed job: how far its versions are, how
// fast, and where two of them stood at the same cut. Used by the server's thread.

/// `@unchecked Sendable`: whoever makes it hands it to the server's thread, and touches it no more.
final class JournalWatch: @unchecked Sendable {
    private let reader: JournalReader
    private var state: JournalState
    private var jobs: [String: JobWatch] = [:]
    private let time: any TimeSource
    private static let entriesAtOnce = 4096

    init(_ log: CommitLogAccess) throws(JobFailure) {
        let state = try log.settled()
        self.state = state
        time = log.time
        reader = try log.openReader(from: JournalPlace(sequence: state.end))
        for job in state.deployments.keys { jobs[job] = JobWatch(job, state) }
    }

    var news: (any SharedSignal)? { reader.news }

    func readOn() throws(JobFailure) {
        do throws(JournalError) {
            while true {
                let entries = try reader.next(limit: Self.entriesAtOnce)
                if entries.isEmpty { break }
                for entry in entries { try apply(entry) }
            }
        } catch {
            throw .journal(error)
        }
        let now = time.monotonicNanoseconds()
        for job in jobs.keys { jobs[job]?.sample(state, nowNanoseconds: now) }
    }

    private func apply(_ entry: JournalEntry) throws(JournalError) {
        do throws(JournalRefusal) {
            try state.apply(entry)
        } catch {
            throw .refused(error)
        }
        if case .deployed(let registration) = entry.body, jobs[registration.version.job] == nil {
            jobs[registration.version.job] = JobWatch(registration.version.job, state)
        }
        let isPublication = !entry.body.published.isEmpty
        for job in jobs.keys { jobs[job]?.apply(entry, state, isPublication: isPublication) }
    }

    var snapshot: JournalSnapshot { JournalSnapshot(state: state, jobs: jobs) }
}

/// As of one position.
struct JournalSnapshot: Sendable {
    var state: JournalState
    var jobs: [String: JobWatch]
}

/// One deployed job, as the journal's entries tell of it.
struct JobWatch: Sendable {
    /// A checkpoint of the live version: what it had read, and where each version's topics ended that stood there too.
    private struct Cut: Sendable {
        var sequence: UInt64
        var position: InputPosition
        var versions: [UInt32: Stand]
    }

    /// A version's checkpoint.
    struct Stand: Sendable {
        var sequence: UInt64
        var reads: InputPosition
        /// Of its topics, by partition.
        var ends: [TopicID: [UInt64]]
    }

    private struct Arrivals: Sendable {
        var ends: [UInt64] = []
        var milliseconds: [Int64] = []
        var first = 0

        mutating func append(_ end: UInt64, _ time: Int64) {
            // Who does not read keeps nothing more than this.
            if ends.count - first >= 65_536 { first += 1 }
            if first > 65_536 {
                ends.removeFirst(first)
                milliseconds.removeFirst(first)
                first = 0
            }
            ends.append(end)
            milliseconds.append(time)
        }
    }

    private struct Sample: Sendable {
        var nanoseconds: Int64
        var done: [UInt32: UInt64]
        var total: UInt64
    }

    let job: String
    private(set) var lastCheckpoint: [UInt32: (number: UInt64, milliseconds: Int64)] = [:]
    private var cuts: [Cut] = []
    private var arrivals: [TopicPartition: Arrivals] = [:]
    private var latencies: [(at: Int64, milliseconds: Int64)] = []
    private var samples: [Sample] = []
    private var replays: [UInt32: ReplayPace] = [:]

    private static let keptCuts = 512
    private static let keptLatencies = 16_384
    private static let latencyWindowMilliseconds: Int64 = 60_000
    private static let sampleNanoseconds: Int64 = 250_000_000
    private static let rateNanoseconds: Int64 = 10_000_000_000

    init(_ job: String, _ state: JournalState) {
        self.job = job
        guard let deployment = state.deployments[job] else { return }
        for number in deployment.versions.keys {
            guard let last = state.jobs[VersionName(job, number).description]?.last else { continue }
            lastCheckpoint[number] = (last.number, state.lastMilliseconds)
        }
        rememberStands(deployment, state, state.end)
    }

    // MARK: Entries

    mutating func apply(_ entry: JournalEntry, _ state: JournalState, isPublication: Bool) {
        guard let deployment = state.deployments[job] else { return }
        if isPublication { noteArrivals(deployment, state, entry.milliseconds) }
        switch entry.body {
        case .checkpoint(let name, _, let checkpoint, _, .some):
            guard let version = VersionName(name), version.job == job else { return }
            lastCheckpoint[version.number] = (checkpoint.number, entry.milliseconds)
            if version.number == deployment.live {
                measure(deployment, version.number, entry.milliseconds)
                rememberStands(deployment, state, entry.sequence)
            } else {
                rememberStand(version.number, deployment, state, entry.sequence)
            }
        case .spliced(let name, _, _) where name == job:
            latencies = []
            rememberStands(deployment, state, entry.sequence)
        default: break
        }
    }

    private mutating func noteArrivals(_ deployment: DeploymentState, _ state: JournalState, _ milliseconds: Int64) {
        guard let live = deployment.versions[deployment.live] else { return }
        for id in live.inputs {
            for (number, partition) in (state.topics[id]?.partitions ?? []).enumerated() {
                let name = TopicPartition(topic: id, partition: UInt32(number))
                if arrivals[name]?.ends.last ?? (live.position?[name] ?? 0) < partition.publishedEnd {
                    arrivals[name, default: Arrivals()].append(partition.publishedEnd, milliseconds)
                }
            }
        }
    }

    /// From when rows were there to read until what came of them was.
    private mutating func measure(_ deployment: DeploymentState, _ version: UInt32, _ milliseconds: Int64) {
        guard let reads = deployment.versions[version]?.position else { return }
        for (partition, end) in reads.ends {
            guard var waiting = arrivals[partition] else { continue }
            while waiting.first < waiting.ends.count, waiting.ends[waiting.first] <= end {
                latencies.append((milliseconds, milliseconds - waiting.milliseconds[waiting.first]))
                waiting.first += 1
            }
            arrivals[partition] = waiting
        }
        if latencies.count > 2 * Self.keptLatencies { latencies.removeFirst(latencies.count - Self.keptLatencies) }
    }

    // MARK: Cuts

    private static func ends(of version: DeploymentState.Version, in state: JournalState) -> [TopicID: [UInt64]] {
        var ends: [TopicID: [UInt64]] = [:]
        for output in version.outputs {
            ends[output.topic] = state.topics[output.topic]?.partitions.map(\.publishedEnd)
        }
        return ends
    }

    private static func stand(
        _ version: DeploymentState.Version, _ state: JournalState, _ sequence: UInt64
    ) -> Stand {
        Stand(sequence: sequence, reads: version.position ?? InputPosition(), ends: ends(of: version, in: state))
    }

    /// A new cut: the live version stands there, and who else does.
    private mutating func rememberStands(_ deployment: DeploymentState, _ state: JournalState, _ sequence: UInt64) {
        var cut = Cut(sequence: sequence, position: deployment.cut, versions: [:])
        for (number, version) in deployment.versions
        where version.position != nil && !version.isRetired
            && (number == deployment.live || deployment.stands(number))
        {
            cut.versions[number] = Self.stand(version, state, sequence)
        }
        cuts.append(cut)
        if cuts.count > 2 * Self.keptCuts { cuts.removeFirst(cuts.count - Self.keptCuts) }
    }

    private mutating func rememberStand(
        _ number: UInt32, _ deployment: DeploymentState, _ state: JournalState, _ sequence: UInt64
    ) {
        guard let version = deployment.versions[number], let reads = version.position,
            let place = cuts.lastIndex(where: { $0.position.of(version.inputs) == reads })
        else { return }
        cuts[place].versions[number] = Self.stand(version, state, sequence)
    }

    /// The newest cut at which both versions stood, and where; nil: none is known yet.
    func commonCut(_ one: UInt32, _ other: UInt32) -> (Stand, Stand)? {
        for cut in cuts.reversed() {
            if let a = cut.versions[one], let b = cut.versions[other] { return (a, b) }
        }
        return nil
    }

    // MARK: Rates

    mutating func sample(_ state: JournalState, nowNanoseconds now: Int64) {
        if let last = samples.last, now - last.nanoseconds < Self.sampleNanoseconds { return }
        guard let deployment = state.deployments[job] else { return }
        var sample = Sample(nanoseconds: now, done: [:], total: 0)
        for (number, version) in deployment.versions where !version.isRetired {
            sample.done[number] = version.position?.ofTopics.ends.values.reduce(0, +) ?? 0
        }
        let inputs = Set(deployment.versions.values.filter { !$0.isRetired }.flatMap(\.inputs))
        for id in inputs { sample.total += (state.topics[id]?.partitions ?? []).reduce(0) { $0 + $1.publishedEnd } }
        for (number, done) in sample.done {
            let there = (deployment.versions[number]?.inputs ?? []).reduce(UInt64(0)) { sum, id in
                sum + (state.topics[id]?.partitions ?? []).reduce(0) { $0 + $1.publishedEnd }
            }
            replays[number, default: ReplayPace()].sample(nanoseconds: now, read: done, there: there)
        }
        samples.append(sample)
        while samples.count > 2, now - samples[1].nanoseconds > Self.rateNanoseconds { samples.removeFirst() }
    }

    /// Rows per second of the fastest version that was seen at a replay; nil: none was.
    var replayRate: Double? { replays.values.compactMap(\.rowsPerSecond).max() }

    /// Rows that the version has read per second, over the last ten.
    func rate(of version: UInt32) -> Double {
        guard let first = samples.first(where: { $0.done[version] != nil }), let last = samples.last,
            let end = last.done[version], let start = first.done[version], last.nanoseconds > first.nanoseconds
        else { return 0 }
        return Double(end - min(start, end)) * 1e9 / Double(last.nanoseconds - first.nanoseconds)
    }

    /// Rows per second that come to what the job's versions read.
    var arrivalRate: Double {
        guard let first = samples.first, let last = samples.last, last.nanoseconds > first.nanoseconds else { return 0 }
        return Double(last.total - min(first.total, last.total)) * 1e9
            / Double(last.nanoseconds - first.nanoseconds)
    }

    /// Of the last minute, in milliseconds, from append to published output; nil: nothing was read.
    func latency(now: Int64) -> (p50: Int64, p99: Int64)? {
        let recent = latencies.suffix(Self.keptLatencies).filter { now - $0.at <= Self.latencyWindowMilliseconds }
        guard !recent.isEmpty else { return nil }
        let sorted = recent.map(\.milliseconds).sorted()
        return (sorted[sorted.count / 2], sorted[min(sorted.count - 1, sorted.count * 99 / 100)])
    }

    /// The 99th percentile of the last seconds alone.
    func latency(ofLast milliseconds: Int64, now: Int64) -> Int64? {
        let recent = latencies.suffix(Self.keptLatencies).filter { now - $0.at <= milliseconds }.map(\.milliseconds)
            .sorted()
        return recent.isEmpty ? nil : recent[min(recent.count - 1, recent.count * 99 / 100)]
    }

    /// How long what waits longest has been waiting; nil: nothing does.
    func oldestWaiting(now: Int64) -> Int64? {
        arrivals.values.compactMap { $0.first < $0.milliseconds.count ? now - $0.milliseconds[$0.first] : nil }.max()
    }
}
