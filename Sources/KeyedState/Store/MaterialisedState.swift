import HostSystem

/// What has been materialised: ordered keys and their values, and the checkpoint they are the state of.
///
/// A key is operator (UInt32), key group (UInt16), both most significant byte first, then the operator's own key.
/// Reads come from several threads at once, and beside one `ingest`: each sees the state before or after it.
package protocol StateBase: AnyObject, Sendable {
    /// What the last `ingest` was given with its entries, empty after `inherit`; nil where the base is empty.
    func materialisedCheckpoint() throws(StateError) -> [UInt8]?

    /// For each part, deletes its ranges and then puts its entries, and makes that, and that they reach this checkpoint,
    /// durable in one step: all of it or nothing after a crash. Called by one thread at a time.
    func ingest(_ merge: DeltaMerge, checkpoint: [UInt8]) throws(StateError)

    /// Calls `body` once for each key, in any order, with its number and its value; no value where there is no such key.
    /// The buffers are valid during the call only.
    func lookUp(
        _ keys: SoughtKeys, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) throws(StateError) -> Void
    ) throws(StateError)

    /// Calls `body` for each key in `range`, in their order, until it returns false. The state is that of one moment,
    /// whatever is ingested meanwhile. The buffers are valid during the call only.
    func scan(
        _ range: KeyRange,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Bool
    ) throws(StateError)

    /// Makes a copy of the base, durable but for its name, in a new directory; none where the base is empty. Not called
    /// beside an `ingest`.
    func export(to directory: String, _ files: any FileSystem) throws(StateError)

    /// Becomes, in one step, what `export` made, with an empty checkpoint. The base is empty before.
    /// - Returns: the checkpoint that the copy had reached.
    func inherit(from directory: String, _ files: any FileSystem) throws(StateError) -> [UInt8]?

    /// Becomes empty again. Nothing else is under way.
    func discard() throws(StateError)

    /// How many bytes of deltas are sorted at once, if more than one key group.
    var mergeBytes: Int { get }

    /// On disk.
    func sizeBytes() throws(StateError) -> Int

    /// Nothing is called after it, or is under way.
    func close()
}

extension StateBase {
    /// Whether there is a key in a range.
    func holdsKeys(in range: KeyRange) throws(StateError) -> Bool {
        var isEmpty = true
        try scan(range) { _, _ in
            isEmpty = false
            return false
        }
        return !isEmpty
    }
}

/// The keys of a state base.
package enum StateBaseKey {
    package static let prefixBytes = 6

    /// A bound below all keys of a key group and above all keys before it. 65536 is the one after the last.
    package static func bound(operatorID: UInt32, keyGroup: Int) -> [UInt8] {
        guard keyGroup <= Int(UInt16.max) else { return bigEndian(operatorID + 1) }
        return bigEndian(operatorID) + [UInt8(truncatingIfNeeded: keyGroup >> 8), UInt8(truncatingIfNeeded: keyGroup)]
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// Where a base that keeps all in one key space puts the checkpoint: behind every operator's keys.
    package static let checkpoint: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
}
