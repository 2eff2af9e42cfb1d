/// Where lines are made: one allocation, used again for every block of events.
package final class LineBuffer {
    let start: UnsafeMutablePointer<UInt8>
    let capacityBytes: Int
    package fileprivate(set) var countBytes = 0

    package init(capacityBytes: Int = 1 << 20) {
        self.capacityBytes = capacityBytes
        start = .allocate(capacity: capacityBytes)
    }

    deinit { start.deallocate() }

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: countBytes) }

    package func removeAll() { countBytes = 0 }

    var cursor: LineCursor { LineCursor(next: start + countBytes) }

    func finish(at cursor: LineCursor) {
        countBytes = cursor.next - start
        precondition(countBytes <= capacityBytes, "a block of lines must fit its buffer")
    }
}

/// Writes text at a place in a `LineBuffer`; who calls has seen to the room.
struct LineCursor {
    var next: UnsafeMutablePointer<UInt8>

    @inline(__always)
    mutating func write(_ text: StaticString) {
        next.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        next += text.utf8CodeUnitCount
    }

    @inline(__always)
    mutating func write(_ source: UnsafePointer<UInt8>, _ count: Int) {
        next.update(from: source, count: count)
        next += count
    }

    @inline(__always)
    mutating func write(byte: UInt8) {
        next.pointee = byte
        next += 1
    }

    /// `value` is not negative.
    @inline(__always)
    mutating func write(_ value: Int) {
        var digits = 1
        var limit = 10
        while value >= limit && digits < 18 {
            digits += 1
            limit *= 10
        }
        write(value, digits: digits)
    }

    /// The last `digits` decimal digits, with leading zeros.
    @inline(__always)
    mutating func write(_ value: Int, digits: Int) {
        var rest = UInt64(truncatingIfNeeded: value)
        var place = digits - 1
        while place >= 0 {
            next[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
            place -= 1
        }
        next += digits
    }
}
