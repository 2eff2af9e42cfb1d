extension Array {
    /// Memory held, without what its elements point to: exactly where it is large. How much room a small array has got
    /// depends on where in the heap it lies, and what is decided by size has to be decided alike in each run.
    package var heldBytes: Int {
        let stride = MemoryLayout<Element>.stride
        let exact = capacity * stride
        if exact >= 1 << 16 { return exact }
        return count <= 1 ? count * stride : stride << (Int.bitWidth - (count - 1).leadingZeroBitCount)
    }
}
