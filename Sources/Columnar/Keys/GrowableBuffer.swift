import Glibc

/// Memory for trivial values that grows by doubling, in place where the system can.
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
        capacity = max(count, capacity * 2)
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
