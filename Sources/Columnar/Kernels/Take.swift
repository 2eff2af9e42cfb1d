import Glibc

// Gathering rows. Strings are measured first, so that their bytes are copied once, into place.

extension Column {
    /// The rows of these numbers, in this order, repeats included.
    ///
    /// - Shape: the strings taken are less than 2 GiB together.
    package func take(_ rows: [Int32]) -> Column {
        switch self {
        case .boolean(let c): .boolean(c.take(rows))
        case .int(let c): .int(c.take(rows))
        case .bigint(let c): .bigint(c.take(rows))
        case .timestamp(let c): .timestamp(c.take(rows))
        case .timestampMicros(let c): .timestampMicros(c.take(rows))
        case .date(let c): .date(c.take(rows))
        case .double(let c): .double(c.take(rows))
        case .string(let c): .string(c.take(rows))
        }
    }
}

extension [RowKind] {
    package func take(_ rows: [Int32]) -> [RowKind] { gather(self, rows) }
}

extension FixedColumn {
    func take(_ rows: [Int32]) -> FixedColumn {
        FixedColumn(gather(values, rows), validity: validity?.take(rows))
    }
}

extension Bitmap {
    /// nil where all bits taken are set.
    func take(_ rows: [Int32]) -> Bitmap? {
        let words = [UInt64](unsafeUninitializedCapacity: (rows.count + 63) / 64) { out, count in
            let source = self.words.span
            let rows = rows.span
            count = (rows.count + 63) / 64
            for word in 0..<count {
                var bits: UInt64 = 0
                let start = word * 64
                for i in start..<min(start + 64, rows.count) {
                    let row = Int(rows[i])
                    bits |= (source[row >> 6] >> UInt64(row & 63) & 1) << UInt64(i - start)
                }
                out.initializeElement(at: word, to: bits)
            }
        }
        let taken = Bitmap(words: words, count: rows.count)
        return taken.isAllSet ? nil : taken
    }
}

private func gather<T>(_ values: [T], _ rows: [Int32]) -> [T] {
    [T](unsafeUninitializedCapacity: rows.count) { out, count in
        let source = values.span
        let rows = rows.span
        for i in rows.indices { out.initializeElement(at: i, to: source[Int(rows[i])]) }
        count = rows.count
    }
}

extension StringColumn {
    func take(_ rows: [Int32]) -> StringColumn {
        let source = offsets.span
        let starts = [Int32](unsafeUninitializedCapacity: rows.count) { out, count in
            let rows = rows.span
            for i in rows.indices { out.initializeElement(at: i, to: source[Int(rows[i])]) }
            count = rows.count
        }
        let ends = [Int32](unsafeUninitializedCapacity: rows.count) { out, count in
            let rows = rows.span
            for i in rows.indices { out.initializeElement(at: i, to: source[Int(rows[i]) + 1]) }
            count = rows.count
        }
        return slices(starts: starts, ends: ends, validity: validity?.take(rows))
    }

    /// A column whose row i is `bytes[starts[i]..<ends[i]]`.
    func slices(starts: [Int32], ends: [Int32], validity: Bitmap?) -> StringColumn {
        let rowCount = starts.count
        var total = 0
        let newOffsets = [Int32](unsafeUninitializedCapacity: rowCount + 1) { out, count in
            let (s, e) = (starts.span, ends.span)
            out.initializeElement(at: 0, to: 0)
            for i in 0..<rowCount {
                total &+= Int(e[i] &- s[i])
                out.initializeElement(at: i + 1, to: Int32(truncatingIfNeeded: total))
            }
            count = rowCount + 1
        }
        precondition(total <= Int(Int32.max), "the strings of one column are less than 2 GiB")
        let newBytes = [UInt8](unsafeUninitializedCapacity: total) { out, count in
            count = total
            guard total > 0 else { return }
            bytes.withUnsafeBufferPointer { source in
                copySlices(
                    source.baseAddress!, source.count, starts.span, ends.span, into: out.baseAddress!, total: total)
            }
        }
        return StringColumn(offsets: newOffsets, bytes: newBytes, validity: validity)
    }
}

/// Copies slices one after the other. Short ones as 16 bytes whatever their length, where both sides have room: the
/// excess is written over by the next.
private func copySlices(
    _ source: UnsafePointer<UInt8>, _ sourceCount: Int, _ starts: Span<Int32>, _ ends: Span<Int32>,
    into target: UnsafeMutablePointer<UInt8>, total: Int
) {
    var at = 0
    for i in starts.indices {
        let (start, length) = (Int(starts[i]), Int(ends[i] &- starts[i]))
        precondition(start >= 0 && length >= 0 && start + length <= sourceCount, "a slice lies in its bytes")
        if length <= 16 && start + 16 <= sourceCount && at + 16 <= total {
            let from = UnsafeRawPointer(source + start)
            let to = UnsafeMutableRawPointer(target + at)
            let low = from.loadUnaligned(as: UInt64.self)
            let high = from.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            to.storeBytes(of: low, as: UInt64.self)
            to.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
        } else {
            memcpy(target + at, source + start, length)
        }
        at += length
    }
}

extension Batch {
    /// The same rows without a selection: those that count, copied together where there are others.
    package func compacted() -> Batch {
        guard let selection else { return self }
        if selection.count == rowCount {
            var all = self
            all.selection = nil
            return all
        }
        return take(selection)
    }

    /// The rows of these numbers (before any selection), in this order, repeats included; all that belongs to a row goes
    /// with it.
    package func take(_ rows: [Int32]) -> Batch {
        Batch(
            columns: columns.map { $0.take(rows) }, rowCount: rows.count, rowKinds: rowKinds?.take(rows),
            origin: origin?.take(rows),
            rowWatermarks: rowWatermarks.map { gather($0, rows) }, rowTimes: rowTimes.map { gather($0, rows) })
    }
}

extension BatchOrigin {
    fileprivate func take(_ rows: [Int32]) -> BatchOrigin {
        var taken = self
        taken.lines = gather(lines, rows)
        return taken
    }
}
