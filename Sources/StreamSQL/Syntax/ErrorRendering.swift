import Columnar

// An error as a terminal shows it:
//
//     error: job.sql:4:15: OVER is not supported yet
//      4 | SELECT SUM(a) OVER (PARTITION BY b) FROM t;
//        |               ^~~~
//     detail: …
//     hint: …
//
// The caret stands under the character whatever the line holds: tabs are repeated in the padding, wide characters take two
// cells, characters that do not print are shown as U+FFFD, and of a long line only a window around the place is shown.

extension SQLError {
    /// The error with its source line and a caret. `source` is the file's text; bytes that are not UTF-8 are repaired.
    package func rendered(file: String, source: String) -> String {
        var lines: [String] = []
        if let place {
            lines.append("error: \(file):\(place.line):\(place.column): \(message)")
            lines += excerpt(of: source, at: place)
        } else {
            lines.append("error: \(message)")
        }
        if let detail { lines.append("detail: \(detail)") }
        if let hint { lines.append("hint: \(hint)") }
        return lines.joined(separator: "\n")
    }

    private func excerpt(of source: String, at place: SQLPlace) -> [String] {
        guard let line = scalars(ofLine: place.line, in: source) else { return [] }
        let start = min(max(place.column - 1, 0), line.count)
        let first = line.count <= 120 ? 0 : max(0, start - 60)
        let end = min(line.count, first + 120)
        var text = first > 0 ? "…" : ""
        var padding = first > 0 ? " " : ""
        var marks = ""
        for index in first..<end {
            let scalar = line[index]
            let width = TerminalText.cells(of: scalar)
            text.unicodeScalars.append(shown(scalar))
            if index < start {
                padding += scalar == "\t" ? "\t" : String(repeating: " ", count: width)
            } else if index < start + place.length {
                marks += String(repeating: "~", count: width)
            }
        }
        if end < line.count { text += "…" }
        let number = " \(place.line) "
        let gutter = String(repeating: " ", count: number.count)
        return ["\(number)| \(text)", "\(gutter)| \(padding)^\(marks.dropFirst())"]
    }
}

private func scalars(ofLine number: Int, in source: String) -> [Unicode.Scalar]? {
    var line = 1
    var found: [Unicode.Scalar] = []
    for scalar in source.unicodeScalars {
        if scalar == "\n" {
            if line == number { break }
            line += 1
        } else if line == number {
            found.append(scalar)
        }
    }
    guard line == number else { return nil }
    if found.last == "\r" { found.removeLast() }
    if number == 1, found.first == "\u{FEFF}" { found.removeFirst() }
    return found
}

private func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar == "\t" || TerminalText.isShown(scalar) ? scalar : "\u{FFFD}"
}
