import Glibc

/// Memory for trivial values that grows in place where the system can: by doubling, and by a quarter where it is large, so
/// that what a table holds is near to what it was given.
struct GrowableBuffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        base = Self.reallocate(nil, capacity)
    }

    deinit { free(base) }

    var sizeBytes: Int { capacity * MemoryLayout<Element>.stride }

    /// Room for `count` elements at least; addresses change.
    @inline(__always)
    mutating func reserve(_ count: Int) {
        if count > capacity { grow(count) }
    }

    @inline(never)
    private mutating func grow(_ count: Int) {
        let isLarge = sizeBytes >= 1 << 20
        capacity = max(count, capacity + (isLarge ? capacity / 4 : capacity))
        base = Self.reallocate(base, capacity)
    }

    private static func reallocate(
        _ old: UnsafeMutablePointer<Element>?, _ capacity: Int
    ) -> UnsafeMutablePointer<Element> {
        guard let memory = realloc(old, capacity * MemoryLayout<Element>.stride) else {
            preconditionFailure("out of memory for \(capacity) elements")
        }
        return memory.bindMemory(to: Element.self, capacity: capacity)
    }
}
