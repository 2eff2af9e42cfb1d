/// Groups by any number of keys of any types (none: all rows are one group), found by their encoding.
package final class CompositeGroupTable {
    package let types: [DataType]
    private var table = ByteKeyTable()
    private var chunk = KeyChunk()
    private var encoder = BatchKeyEncoder()
    private var rows: [Int32] = []

    package init(_ types: [DataType]) { self.types = types }

    package var count: Int { table.count }
    package var sizeBytes: Int { table.sizeBytes + chunk.sizeBytes + encoder.sizeBytes + rows.heldBytes }

    package func resolve(_ keys: [Column], rowCount: Int, selection: [Int32]?, into groups: inout [Int32]) {
        let total = selection?.count ?? rowCount
        groups = [Int32](unsafeUninitializedCapacity: total) { out, filled in
            var start = 0
            while start < total {
                let end = min(start + KeyChunk.rowLimit, total)
                rows.removeAll(keepingCapacity: true)
                if let selection {
                    rows.append(contentsOf: selection[start..<end])
                } else {
                    rows.append(contentsOf: Int32(truncatingIfNeeded: start)..<Int32(truncatingIfNeeded: end))
                }
                encoder.encode(keys, rows: rows.span)
                lookUp(end - start)
                (out.baseAddress! + start).initialize(from: chunk.found.base, count: end - start)
                start = end
            }
            filled = total
        }
    }

    private func lookUp(_ count: Int) {
        let (starts, lengths) = (chunk.starts.base, chunk.lengths.base)
        encoder.starts.withUnsafeBufferPointer { encoded in
            for i in 0..<count {
                starts[i] = encoded[i]
                lengths[i] = encoded[i + 1] - encoded[i]
            }
        }
        encoder.bytes.withUnsafeBufferPointer { table.lookUp($0.baseAddress ?? emptyBytes, count, &chunk) }
    }

    func key(of group: Int) -> UnsafeRawBufferPointer { table.key(of: group) }

    /// The keys of groups, in the order asked for, one column per type.
    package func keyColumns(for groups: [Int32]) -> [Column] {
        do throws(InvalidKey) {
            return try KeyEncoding.decode(groups.map { table.key(of: Int($0)) }, types: types)
        } catch {
            preconditionFailure("a group table decodes the keys it encoded")
        }
    }

    package func insert(_ encodedKey: UnsafeRawBufferPointer) -> Int32 { table.insert(encodedKey) }
}
