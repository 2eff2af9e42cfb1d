// Lines on a terminal that are drawn over by those that follow, whatever happens to its width in between.

package struct LiveFrame {
    /// Of each line that stands there.
    private var cells: [Int] = []

    package init() {}

    /// - Parameters:
    ///   - width: of the terminal now: what was drawn before may take more rows than it did.
    ///   - height: the lines above the last row are those that can be reached again.
    /// - Returns: what to write. The cursor ends in the first column below the lines.
    package mutating func redraw(_ lines: [StyledLine], width: Int, height: Int, isColoured: Bool) -> String {
        let rows = cells.reduce(0) { $0 + max(1, ($1 + width - 1) / max(1, width)) }
        let fitting = lines.prefix(max(1, height - 1)).map { $0.clipped(cells: width - 1) }
        cells = fitting.map(\.cells)
        var text = rows > 0 ? "\r\u{1B}[\(min(rows, height))A" : ""
        for line in fitting { text += (isColoured ? line.colouredText : line.text) + "\u{1B}[K\n" }
        return text + "\u{1B}[J"
    }
}
