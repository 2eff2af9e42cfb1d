extension FileHandle {
    /// Reads `range`; fewer bytes where the file ends earlier.
    package func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var failure: FileError?
        let count = bytes.withUnsafeMutableBytes { buffer -> Int in
            do throws(FileError) {
                return try read(into: buffer, at: range.lowerBound)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
