/// One change of an operator's state, as a start reads it back. The buffers are valid during the call only.
package enum StateChange {
    case put(KeyGroup, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)
    case delete(KeyGroup, key: UnsafeRawBufferPointer)
    /// All keys of the key group that are less than `bound`, byte by byte, are gone.
    case deleteBelow(KeyGroup, bound: UnsafeRawBufferPointer)

    package var keyGroup: KeyGroup {
        switch self {
        case .put(let keyGroup, _, _), .delete(let keyGroup, _), .deleteBelow(let keyGroup, _): keyGroup
        }
    }
}
