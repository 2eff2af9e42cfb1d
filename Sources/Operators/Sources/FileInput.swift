import Dataflow
import HostSystem
import Synchronization

/// The files of one source, for the readers of all its subtasks.
///
/// The list of files and the ledger have the same numbers; a file is in the list, and as long as it is to be read, before
/// the ledger hands out splits of it.
final class FileInput: SourceInput {
    /// Bytes of a split where many files are read in step: event time advances by so much of each.
    static let stepBytes = 128 << 10

    private let description: FileSourceDescription
    private let context: LinkContext
    private let inventory: FileInventory
    private let list: SourceFileList
    private let splits: SharedSplits
    /// Of the monotonic clock.
    private let lastListed = Mutex<Int64>(0)

    init(_ description: FileSourceDescription, _ context: LinkContext) throws(JobFailure) {
        self.description = description
        self.context = context
        inventory = try FileInventory(description, context.files)
        let readsWhatIsThere = context.settings.readsWhatIsThere
        list = SourceFileList(endsForGood: description.isBounded && !readsWhatIsThere)
        var policy = SplitLedger.Policy(
            pieceLength: Int64(description.pieceBytes), hasWatermark: description.watermark != nil)
        policy.isSequential = !description.format.isLines
        policy.countsReadInputs = readsWhatIsThere
        policy.raisesFloors = !description.isBounded && !readsWhatIsThere
        splits = SharedSplits(policy, isEndless: policy.raisesFloors, isReadByOne: description.format.isChangelog)
    }

    /// What is there is not all that there will be, in this run.
    private var isMonitored: Bool { !description.isBounded && !context.settings.readsWhatIsThere }

    func makeReader(_ context: LinkContext) throws(JobFailure) -> any Source {
        SplitReader(splits, try FileContent(description, list, context), context)
    }

    // MARK: Restoring

    func restore(from position: [UInt8]?) throws(JobFailure) {
        var place = FilePosition(files: [])
        if let position {
            place = try FilePosition.decode(position, table: description.table)
            for file in place.files { try file.verify(context.files) }
        }
        if isMonitored {
            add(place)
            try listAgain(mayBeMissing: position != nil)
        } else {
            let settings = context.settings
            // What is there is not what it was: after a run that took it all, or one that watched the folder.
            let wasMonitored = !description.isBounded && !place.isOpenEnded
            let listsAnew =
                settings.listsInputsAnew || (place.isOpenEnded && !settings.readsWhatIsThere) || wasMonitored
            if position == nil || listsAnew { place = try listedAnew(place) }
            add(place)
        }
        splits.begin(atNanoseconds: context.time.monotonicNanoseconds())
    }

    /// The files and lengths of now, each read on from where it stands.
    private func listedAnew(_ place: FilePosition) throws(JobFailure) -> FilePosition {
        var known: [String: FilePosition.File] = [:]
        for file in place.files { known[file.path] = file }
        var files: [FilePosition.File] = []
        for found in try inventory.list(mayBeEmpty: !description.isBounded) {
            let before = known.removeValue(forKey: found.path)
            let fresh = FilePosition.File(
                path: found.path, progress: SplitProgress(length: 0, floor: place.watermark))
            files.append((before ?? fresh).limited(to: found.sizeBytes))
        }
        // Files that are gone keep their place in the record: they are never read again under their name.
        files += known.values.filter { $0.consumedBytes > 0 }.sorted { $0.path < $1.path }.map { $0.limited(to: 0) }
        var listed = FilePosition(files: files)
        listed.watermark = place.watermark
        return listed
    }

    /// All at once: what the watermark may be depends on every file.
    private func add(_ place: FilePosition) {
        for file in place.files {
            var entry = SourceFileList.Entry(path: file.path, identity: 0, limitBytes: file.limitBytes)
            entry.proof = file.proof
            list.append(entry)
            context.metrics.add(file.limitBytes, to: context.metrics.bytesTotal)
            context.metrics.add(file.consumedBytes, to: context.metrics.bytesRead)
        }
        let pieceLength = pieceLength
        splits.update { ledger in
            ledger.policy.pieceLength = pieceLength
            ledger.restore(watermark: place.watermark)
            for file in place.files { ledger.add(file.progress) }
        }
    }

    private var pieceLength: Int64 {
        let isInStep = description.watermark != nil && list.all.count > 1
        return Int64(isInStep ? min(description.pieceBytes, Self.stepBytes) : description.pieceBytes)
    }

    var eventTime: SourceEventTime? { splits.eventTime { "file '\(list.entry($0).path)'" } }

    // MARK: Looking

    var lookIntervalNanoseconds: Int64? {
        guard isMonitored, let interval = description.monitorIntervalNanoseconds else { return nil }
        return min(interval, idleTimeoutNanoseconds ?? interval)
    }

    private var idleTimeoutNanoseconds: Int64? {
        guard let timeout = context.settings.idleTimeoutMilliseconds, timeout > 0 else { return nil }
        return timeout.multipliedReportingOverflow(by: 1_000_000).partialValue
    }

    func look() throws(JobFailure) {
        guard isMonitored, let interval = description.monitorIntervalNanoseconds else { return }
        let now = context.time.monotonicNanoseconds()
        // Others may be looked after more often. A little early is in time.
        if now &- lastListed.withLock({ $0 }) >= interval - interval / 4 { try listAgain(mayBeMissing: true) }
        if let timeout = idleTimeoutNanoseconds {
            splits.noteIdleness(nowNanoseconds: now, timeoutNanoseconds: timeout)
        }
    }

    /// - Parameter mayBeMissing: there were files once; all of them may have been taken away.
    private func listAgain(mayBeMissing: Bool) throws(JobFailure) {
        lastListed.withLock { $0 = context.time.monotonicNanoseconds() }
        if mayBeMissing, try !inventory.exists() { return }
        var known: [String: Int] = [:]
        for (number, entry) in list.all.enumerated() { known[entry.path] = number }
        for found in try inventory.list(mayBeEmpty: true) {
            if let number = known[found.path] {
                try readOn(number, found)
            } else {
                begin(found)
            }
        }
    }

    private func begin(_ found: ListedFile) {
        list.append(.init(path: found.path, identity: found.identity, limitBytes: found.sizeBytes))
        let pieceLength = pieceLength
        splits.update { ledger in
            ledger.policy.pieceLength = pieceLength
            ledger.find(length: Int64(found.sizeBytes))
        }
        context.metrics.add(found.sizeBytes, to: context.metrics.bytesTotal)
    }

    private func readOn(_ number: Int, _ found: ListedFile) throws(JobFailure) {
        let entry = list.entry(number)
        let isAnother = entry.identity != 0 && entry.identity != found.identity
        guard isAnother || found.sizeBytes != entry.limitBytes || entry.identity == 0 else { return }
        if isAnother || found.sizeBytes != entry.limitBytes { try check(number, found) }
        let grown = found.sizeBytes - entry.limitBytes
        list.update(number) { entry in
            entry.identity = found.identity
            entry.limitBytes = max(entry.limitBytes, found.sizeBytes)
        }
        guard grown > 0 else { return }
        splits.update { $0.extend(number, to: Int64(found.sizeBytes)) }
        context.metrics.add(grown, to: context.metrics.bytesTotal)
    }

    /// Errors: what was read of a file is not there any more.
    private func check(_ number: Int, _ found: ListedFile) throws(JobFailure) {
        let entry = list.entry(number)
        var file = FilePosition.File(path: entry.path, progress: splits.read { $0.inputs[number] })
        file.proof = entry.proof
        try file.verify(context.files)
    }

    // MARK: Positions

    func position() throws(JobFailure) -> [UInt8] {
        let (progress, watermark) = splits.read { ($0.inputs, $0.watermark) }
        var place = FilePosition(files: [])
        for (number, entry) in list.all.enumerated() {
            var file = FilePosition.File(path: entry.path, progress: progress[number])
            file.proof = try JobFailure.onFiles("reading '\(entry.path)'") { () throws(FileError) in
                try entry.proof.extended(to: Int(progress[number].givenEnd), of: entry.path, context.files)
            }
            if file.proof != entry.proof { list.update(number) { $0.proof = file.proof } }
            place.files.append(file)
        }
        place.isOpenEnded = context.settings.readsWhatIsThere
        if isMonitored || place.isOpenEnded { place.watermark = watermark }
        return place.encoded()
    }
}
