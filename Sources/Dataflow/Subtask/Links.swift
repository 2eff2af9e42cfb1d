import Columnar
import CommitLog
import HostSystem
import KeyedState

// What can stand in a subtask's chain. A description of it is immutable and belongs to the job graph; these objects belong
// to one subtask and one thread. What the parallel subtasks of one source share is a `SourceInput`.

/// Where a source stands after a `read`.
package enum SourceProgress: Sendable {
    case batch(Batch)
    /// Nothing was there to emit in what was read; call again.
    case nothing
    /// Nothing can be read before the subtask's doorbell rings.
    case waiting
    /// Nothing is left that this subtask could read, now or later. Told once.
    case exhausted
}

/// Reads records of a `SourceInput`, for one subtask; the first link of a chain.
package protocol Source: AnyObject {
    func read() throws(JobFailure) -> SourceProgress
    /// The barrier is sent behind the last row that `read` has given; nothing is read before the commit.
    func prepareBarrier() throws(JobFailure)
    /// How far event time has come, behind the last row that `read` has given: no row that this subtask gives from here on
    /// has an own watermark below it. nil: the source has no watermark.
    var watermark: WatermarkStatus? { get }
}

/// What the parallel subtasks of one source share: which input there is, who reads which part, how far all have come.
/// Called from all of their threads, and from the one that commits.
package protocol SourceInput: AnyObject, Sendable {
    /// Called once, before any reader is made; nil on a fresh start.
    func restore(from position: [UInt8]?) throws(JobFailure)
    func makeReader(_ context: LinkContext) throws(JobFailure) -> any Source
    /// The position behind all rows that the readers have given, for the checkpoint record. Called while no reader reads:
    /// before they start, and when all of them have handed over and wait for the commit.
    func position() throws(JobFailure) -> [UInt8]
    /// Its position is one in topics, whose rows are to be kept from there on.
    var readsTopics: Bool { get }
    /// An unbounded source that has to look for new input does so here; readers that may go on are woken. Called every
    /// `lookInterval`, and soon after `news` was raised, by the thread that commits.
    func look() throws(JobFailure)
    /// nil: never.
    var lookIntervalNanoseconds: Int64? { get }
    /// Of every partition that is read of topics: all rows before this offset are given.
    var readEnds: InputPosition { get }
    /// And here all before it is given or taken by a reader.
    var takenEnds: InputPosition { get }
    /// Readers take nothing from this offset on; nil: there is no limit.
    func limit(to position: InputPosition?)
    /// All that there is for now below the limit is given.
    var isQuiet: Bool { get }
    /// No row that is still to be given was published before this time of the journal; `Int64.min`: that is not known. nil: the
    /// rows come from no topic, or none are to come. Asked only where the job runs on the journal's time.
    var unreadSince: Int64? { get }
    /// How far event time has come in what was given; nil: there is no watermark, or nobody shall wait for this input.
    var eventTime: SourceEventTime? { get }
    /// Raised where there may be new input. nil: nothing tells.
    var news: (any SharedSignal)? { get }
}

extension SourceInput {
    package var readsTopics: Bool { false }
    package var news: (any SharedSignal)? { nil }
    package var readEnds: InputPosition { InputPosition() }
    package var takenEnds: InputPosition { InputPosition() }
    package func limit(to _: InputPosition?) {}
    package var isQuiet: Bool { true }
    package var unreadSince: Int64? { nil }
    package var eventTime: SourceEventTime? { nil }
}

/// A link without state: one batch in, at most one out.
package protocol BatchTransform: AnyObject {
    func apply(_ batch: Batch) throws(JobFailure) -> Batch?
}

/// A link without state that may give many batches for one: a bounded piece at a time, so that what follows can hold it up.
package protocol BatchExpansion: AnyObject {
    /// Called when all that the last batch gives has been taken.
    func begin(_ batch: Batch) throws(JobFailure)
    /// The next batch; nil when all are given.
    func next() throws(JobFailure) -> Batch?
}

/// Why an operator is asked for its output.
package enum DrainReason: Sendable {
    /// Event time has advanced: what that made due.
    case watermark
    /// What is remembered has grown too much: net changes may be sent early.
    case memory
    /// The epoch ends: everything that belongs to it, what processing time made due included.
    case barrier
}

/// A link with keyed state, which gives its changes when the epoch ends.
package protocol KeyedOperator: AnyObject {
    /// Name its state in the store, one for each kind of entry; stable for one plan.
    var operatorIDs: [UInt32] { get }
    func accumulate(_ batch: Batch) throws(JobFailure)
    /// No row with an own watermark below this comes any more. What is due by it is given by `drain(.watermark)`, called
    /// until nil right after; then `outputWatermark` is sent on.
    func advance(to watermark: Int64) throws(JobFailure)
    /// The least event time the operator may still emit: at most the last `advance`.
    var outputWatermark: Int64 { get }
    /// The journal's time (milliseconds since 1970-01-01 00:00:00), which stands still until the next call: given before
    /// the first row, and at each barrier before `drain(.barrier)`.
    func advanceProcessingTime(to milliseconds: Int64)
    /// When processing time makes something due; nil: nothing waits for it.
    var nextProcessingTimer: Int64? { get }
    /// The next rows to send on; nil when all are sent.
    func drain(_ reason: DrainReason) throws(JobFailure) -> Batch?
    /// True where what is remembered for `drain` has grown so much that it should be drained now.
    var wantsDrain: Bool { get }
    /// True where so much is dirty, or held, that the epoch should end early.
    var wantsEpoch: Bool { get }
    /// What has changed since the last snapshot, which becomes part of this checkpoint: for each operator id.
    func snapshot(_ checkpoint: UInt64) throws(JobFailure) -> [StateChanges]
    /// The last snapshot is committed; `materialised` is the number up to which all changes can be looked up in the store
    /// (nil: none), so that older entries may be evicted.
    /// - Returns: false where the operator cannot go on before more is materialised: it is called again then.
    func settle(materialised: UInt64?) throws(JobFailure) -> Bool
    /// One change of a recovered state that is not materialised yet, in the order they were made.
    /// Errors: bytes that `snapshot` does not write.
    func restore(_ change: StateChange, of operatorID: UInt32) throws(CorruptBytes)
    /// All changes were given.
    func finishRestore() throws(JobFailure)
    /// Memory held, in bytes.
    var stateBytes: Int { get }
}

/// The end of a chain: keeps rows back until their epoch is committed.
package protocol Sink: AnyObject {
    var operatorID: UInt32 { get }
    /// Called once, before the first `write`: makes the sink's first state, or goes on from a committed one and finishes
    /// what its commit left to be done.
    /// - Parameters:
    ///   - states: of all parallel subtasks of the operator, by the last checkpoint; none in a new run. A subtask goes on
    ///     with those that fall to it: its own, unless the parallelism has changed.
    ///   - parallelismChanged: there may be more states than subtasks, or fewer.
    func open(from states: [CheckpointRecord.OperatorPart], parallelismChanged: Bool) throws(JobFailure)
    func write(_ batch: Batch) throws(JobFailure)
    /// True where the epoch should end early.
    var wantsEpoch: Bool { get }
    /// Journal time at which something becomes due although no row comes (an open file is to be closed); nil: nothing.
    var nextTimerMilliseconds: Int64? { get }
    /// Makes the epoch's rows durable (not visible), and gives the sink's state for the checkpoint record.
    func prepare(_ barrier: Barrier) throws(JobFailure) -> [UInt8]
    /// Rows in the log that the last `prepare` made durable: they exist from the commit on, which publishes them. Of the
    /// ranges that parallel subtasks give of one partition, the one that goes furthest covers the others.
    var published: [OffsetRange] { get }
    /// The checkpoint stands: what was prepared becomes visible.
    func committed(_ barrier: Barrier) throws(JobFailure)
    /// Its rows are what others have left out: they are not counted as the job's output.
    var isOfSideOutput: Bool { get }
}

extension Sink {
    package var isOfSideOutput: Bool { false }
    package var published: [OffsetRange] { [] }
}

package enum ChainLink {
    case source(any Source)
    case transform(any BatchTransform)
    case expansion(any BatchExpansion)
    case keyed(any KeyedOperator)
    case sink(any Sink)
}
