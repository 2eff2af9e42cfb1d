// What the journal says, as of one position: a fold over its entries, and the judge over the next one. Every entry has a
// condition, so that two processes can never both go on from the same checkpoint.

import HostSystem

package struct JournalState: Equatable, Sendable {
    package struct LiveRun: Hashable, Sendable {
        package var run: RunID
        package var last: CommittedCheckpoint

        package init(run: RunID, last: CommittedCheckpoint) {
            self.run = run
            self.last = last
        }
    }

    /// The jobs with a run that may be resumed.
    package private(set) var jobs: [String: LiveRun] = [:]
    /// The run given up last, of the jobs that have none now.
    private var abandoned: [String: RunID] = [:]
    /// The sequence number of the next entry.
    package private(set) var end: UInt64 = 0
    /// The last entry's time; never goes back.
    package private(set) var lastMilliseconds: Int64 = 0

    package init() {}

    func knows(_ run: RunID) -> Bool {
        jobs.values.contains { $0.run == run } || abandoned.values.contains(run)
    }

    /// Whether an entry may be the next one.
    func check(_ body: JournalEntry.Body) throws(JournalRefusal) {
        guard body.job.utf8.count <= JournalEntry.largestJobNameBytes else {
            throw .jobNameTooLong(bytes: body.job.utf8.count)
        }
        let live = jobs[body.job]
        switch body {
        case .checkpoint(let job, let run, let checkpoint) where checkpoint.number == 0:
            if let live { throw .runIsLive(job: job, run: live.run) }
            if knows(run) { throw .runIsNotNew(job: job, run: run) }
        case .checkpoint(let job, let run, let checkpoint):
            guard let live, live.run == run else { throw .runIsNotLive(job: job, run: run, live: live?.run) }
            guard checkpoint.number - 1 == live.last.number else {
                throw .outOfOrder(job: job, last: live.last.number, number: checkpoint.number)
            }
        case .abandoned(let job, let run):
            guard live?.run == run else { throw .runIsNotLive(job: job, run: run, live: live?.run) }
        }
    }

    mutating func apply(_ entry: JournalEntry) throws(JournalRefusal) {
        precondition(entry.sequence == end, "entries are applied in the order of their sequence numbers")
        try check(entry.body)
        switch entry.body {
        case .checkpoint(let job, let run, let checkpoint):
            jobs[job] = LiveRun(run: run, last: checkpoint)
            abandoned[job] = nil
        case .abandoned(let job, let run):
            jobs[job] = nil
            abandoned[job] = run
        }
        end += 1
        lastMilliseconds = max(lastMilliseconds, entry.milliseconds)
    }
}

extension JournalState {
    func encode(to writer: inout ByteWriter) {
        writer.write(end)
        writer.write(lastMilliseconds)
        writer.writeVarint(UInt64(jobs.count))
        for (job, live) in jobs.sorted(by: { $0.key < $1.key }) {
            writer.writeString(job)
            live.run.encode(to: &writer)
            live.last.encode(to: &writer)
        }
        writer.writeVarint(UInt64(abandoned.count))
        for (job, run) in abandoned.sorted(by: { $0.key < $1.key }) {
            writer.writeString(job)
            run.encode(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        end = try reader.read(UInt64.self, "first sequence")
        lastMilliseconds = try reader.read(Int64.self, "time")
        var left = try reader.readVarint("number of jobs")
        while left > 0 {
            let job = try reader.readString("job")
            jobs[job] = LiveRun(run: try RunID(from: &reader), last: try CommittedCheckpoint(from: &reader))
            left -= 1
        }
        left = try reader.readVarint("number of abandoned runs")
        while left > 0 {
            let job = try reader.readString("job")
            abandoned[job] = try RunID(from: &reader)
            left -= 1
        }
    }
}
