/// What has been materialised: ordered keys and their values, and the checkpoint they are the state of.
///
/// A key is operator (UInt32), key group (UInt16), both most significant byte first, then the operator's own key.
/// Used by one thread at a time or by several: calls exclude each other.
package protocol StateBase: AnyObject, Sendable {
    /// What the last `ingest` was given with its entries; nil where there was none.
    func materialisedCheckpoint() throws(StateError) -> [UInt8]?

    /// Makes the entries, and that they reach this checkpoint, durable in one step: both or neither after a crash.
    func ingest(_ entries: SortedEntries, checkpoint: [UInt8]) throws(StateError)

    /// Calls `body` for each key in `from..<to`, in their order. The buffers are valid during the call only.
    func scan(
        from: [UInt8], to: [UInt8],
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError)

    /// On disk.
    func sizeBytes() throws(StateError) -> Int

    /// Nothing is called after it.
    func close()
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
