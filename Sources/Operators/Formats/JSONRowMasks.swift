// What is known of the fields of one row, a bit per field. `seen`: a value that fits stands there. `nulls`: `null` does.
// `misfits`: something that does not fit did; it counts unless `seen` says that a later value of the same name did. The
// word behind the last field's is "dirty" in `seen`: nulls or misfits have bits, so that the row is not taken for a plain
// one; the word behind that takes the bits of fields nobody asked for.
struct JSONRowMasks {
    let wordCount: Int
    let seen: UnsafeMutablePointer<UInt64>
    /// What `seen` is in a plain row: every field's bit, and nothing dirty.
    let complete: UnsafeMutablePointer<UInt64>
    let nulls: UnsafeMutablePointer<UInt64>
    let misfits: UnsafeMutablePointer<UInt64>
    /// Fields with a column of values, those of them that must not be NULL, and those whose presence is asked for.
    let columns: UnsafeMutablePointer<UInt64>
    let required: UnsafeMutablePointer<UInt64>
    let presences: UnsafeMutablePointer<UInt64>
    /// Where a field's misfit stands.
    let misfitPlaces: UnsafeMutablePointer<JSONBytes>
    private let subtrees: [[Int]]

    init(fields: [JSONField]) {
        wordCount = (fields.count + 63) / 64
        seen = .allocate(capacity: wordCount + 2)
        complete = .allocate(capacity: wordCount + 2)
        nulls = .allocate(capacity: wordCount + 2)
        misfits = .allocate(capacity: wordCount + 2)
        columns = .allocate(capacity: wordCount + 2)
        required = .allocate(capacity: wordCount + 2)
        presences = .allocate(capacity: wordCount + 2)
        for words in [seen, complete, nulls, misfits, columns, required, presences] {
            words.initialize(repeating: 0, count: wordCount + 2)
        }
        misfitPlaces = .allocate(capacity: max(1, fields.count))
        subtrees = fields.map(\.subtree)
        for (index, field) in fields.enumerated() {
            complete[index >> 6] |= Self.bit(index)
            if field.hasColumn { columns[index >> 6] |= Self.bit(index) }
            if field.hasColumn, !field.isNullable { required[index >> 6] |= Self.bit(index) }
        }
    }

    func deallocate() {
        for words in [seen, complete, nulls, misfits, columns, required, presences] { words.deallocate() }
        misfitPlaces.deallocate()
    }

    /// The index under which fields nobody asked for are seen.
    var unaskedField: Int { (wordCount + 1) << 6 }

    @inline(__always)
    static func bit(_ field: Int) -> UInt64 { 1 << UInt64(truncatingIfNeeded: field & 63) }

    func isSeen(_ field: Int) -> Bool { seen[field >> 6] & Self.bit(field) != 0 }
    func isNull(_ field: Int) -> Bool { nulls[field >> 6] & Self.bit(field) != 0 }
    func isMisfit(_ field: Int) -> Bool { misfits[field >> 6] & ~seen[field >> 6] & Self.bit(field) != 0 }

    func setSeen(_ field: Int) { seen[field >> 6] |= Self.bit(field) }

    func setNull(_ field: Int) {
        forget(field)
        nulls[field >> 6] |= Self.bit(field)
        seen[wordCount] = 1
    }

    func setMisfit(_ field: Int, at place: JSONBytes) {
        forget(field)
        misfits[field >> 6] |= Self.bit(field)
        misfitPlaces[field] = place
        seen[wordCount] = 1
    }

    /// What an earlier value of the same name left behind, with everything inside it.
    func forget(_ field: Int) {
        for inner in subtrees[field] {
            seen[inner >> 6] &= ~Self.bit(inner)
            nulls[inner >> 6] &= ~Self.bit(inner)
            misfits[inner >> 6] &= ~Self.bit(inner)
        }
    }

    /// Whether nothing but optional fields that do not stand there keeps the row from being plain.
    var lacksOnlyOptional: Bool {
        if seen[wordCount] != 0 { return false }
        for word in 0..<wordCount where required[word] & ~seen[word] != 0 { return false }
        return true
    }

    /// Of a dirty row.
    func clear() {
        for word in 0..<wordCount + 2 {
            seen[word] = 0
            nulls[word] = 0
            misfits[word] = 0
        }
    }
}
