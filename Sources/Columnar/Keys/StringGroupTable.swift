/// Groups by one STRING key.
package final class StringGroupTable {
    private var table = ByteKeyTable()
    private var chunk = KeyChunk()
    /// The group of NULL, -1 while there is none.
    private var nullGroup: Int32 = -1

    package init() {}

    package var count: Int { table.count }
    package var sizeBytes: Int { table.sizeBytes + chunk.sizeBytes }

    package func resolve(_ key: StringColumn, rowCount: Int, selection: [Int32]?, into groups: inout [Int32]) {
        let total = selection?.count ?? rowCount
        groups = [Int32](unsafeUninitializedCapacity: total) { out, filled in
            key.bytes.withUnsafeBufferPointer { bytes in
                let base = bytes.baseAddress ?? emptyBytes
                var start = 0
                while start < total {
                    let end = min(start + KeyChunk.rowLimit, total)
                    resolve(key, base, start..<end, selection, out)
                    start = end
                }
            }
            filled = total
        }
    }

    private func resolve(
        _ key: StringColumn, _ base: UnsafePointer<UInt8>, _ range: Range<Int>, _ selection: [Int32]?,
        _ out: UnsafeMutableBufferPointer<Int32>
    ) {
        let offsets = key.offsets.span
        let validity = key.validity
        let (starts, lengths, places) = (chunk.starts.base, chunk.lengths.base, chunk.places.base)
        var pending = 0
        for i in range {
            let row = selection.map { Int($0[i]) } ?? i
            if let validity, !validity[row] {
                if nullGroup < 0 {
                    // The rows before it number their groups first.
                    flush(base, &pending, out)
                    nullGroup = table.appendUnindexed()
                }
                out.initializeElement(at: i, to: nullGroup)
                continue
            }
            starts[pending] = Int(offsets[row])
            lengths[pending] = Int(offsets[row + 1] &- offsets[row])
            places[pending] = Int32(truncatingIfNeeded: i)
            pending += 1
        }
        flush(base, &pending, out)
    }

    private func flush(
        _ base: UnsafePointer<UInt8>, _ pending: inout Int, _ out: UnsafeMutableBufferPointer<Int32>
    ) {
        table.lookUp(base, pending, &chunk)
        let (found, places) = (chunk.found.base, chunk.places.base)
        for i in 0..<pending { out.initializeElement(at: Int(places[i]), to: found[i]) }
        pending = 0
    }

    func isNull(_ group: Int) -> Bool { Int32(truncatingIfNeeded: group) == nullGroup }

    func key(of group: Int) -> UnsafeRawBufferPointer { table.key(of: group) }

    /// The keys of groups, in the order asked for.
    ///
    /// - Shape: they are less than 2 GiB together.
    package func keyColumn(for groups: [Int32]) -> Column {
        var builder = StringColumn()
        builder.offsets.reserveCapacity(groups.count + 1)
        var isValid = [Bool](repeating: true, count: groups.count)
        for (i, group) in groups.enumerated() {
            builder.bytes.append(contentsOf: table.key(of: Int(group)))
            precondition(builder.bytes.count <= Int(Int32.max), "the strings of one column are less than 2 GiB")
            builder.offsets.append(Int32(truncatingIfNeeded: builder.bytes.count))
            if group == nullGroup { isValid[i] = false }
        }
        let validity = Bitmap(packing: isValid)
        builder.validity = validity.isAllSet ? nil : validity
        return .string(builder)
    }

    package func insert(_ key: UnsafeRawBufferPointer?) -> Int32 {
        if let key { return table.insert(key) }
        if nullGroup < 0 { nullGroup = table.appendUnindexed() }
        return nullGroup
    }
}
