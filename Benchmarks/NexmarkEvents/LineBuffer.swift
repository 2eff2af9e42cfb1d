import Operators

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

    var cursor: NexmarkCursor { NexmarkCursor(start + countBytes) }

    func finish(at cursor: NexmarkCursor) {
        countBytes = cursor.next - start
        precondition(countBytes <= capacityBytes, "a block of lines must fit its buffer")
    }
}
