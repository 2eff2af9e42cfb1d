import Glibc

/// Lines of some bytes, by their number.
enum LineRanges {
    /// - Parameter lines: those before each wanted one, ascending; all of them are there.
    /// - Returns: the lines without their ends.
    static func find(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>] {
        guard let base = input.baseAddress else { return lines.map { _ in 0..<0 } }
        var (at, line) = (0, 0)
        func end() -> Int {
            guard let newline = memchr(base + at, 0x0A, input.count - at) else { return input.count }
            return UnsafeRawPointer(newline) - base
        }
        return lines.map { wanted in
            while line < wanted, at < input.count {
                at = min(end() + 1, input.count)
                line += 1
            }
            return at..<withoutLineEnd(input, at..<end())
        }
    }

    /// Where the text of a range ends that may end with a line end: LF, CRLF or CR.
    static func withoutLineEnd(_ input: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
        var end = range.upperBound
        if end > range.lowerBound, input[end - 1] == 0x0A { end -= 1 }
        if end > range.lowerBound, input[end - 1] == 0x0D { end -= 1 }
        return end
    }
}
