import Columnar

/// A line for a terminal: what it says, and how loudly. Control characters in what it says are shown as what they are.
package struct StyledLine: Equatable, Sendable {
    package enum Tone: Sendable {
        case plain, strong, faint, good, caution, bad

        /// The parameter of ECMA-48's SGR; nil: none.
        fileprivate var code: String? {
            switch self {
            case .plain: nil
            case .strong: "1"
            case .faint: "2"
            case .good: "32"
            case .caution: "33"
            case .bad: "1;31"
            }
        }
    }

    private struct Part: Equatable, Sendable {
        var text: String
        var tone: Tone
    }

    private var parts: [Part] = []

    package init(_ text: String = "", _ tone: Tone = .plain) { add(text, tone) }

    package mutating func add(_ text: String, _ tone: Tone = .plain) {
        guard !text.isEmpty else { return }
        var shown = ""
        for scalar in text.unicodeScalars {
            if TerminalText.isShown(scalar) {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += TerminalText.escape(scalar)
            }
        }
        parts.append(Part(text: shown, tone: tone))
    }

    package func adding(_ text: String, _ tone: Tone = .plain) -> StyledLine {
        var line = self
        line.add(text, tone)
        return line
    }

    /// Without colours.
    package var text: String { parts.map(\.text).joined() }

    package var colouredText: String {
        parts.map { part in part.tone.code.map { "\u{1B}[\($0)m\(part.text)\u{1B}[0m" } ?? part.text }.joined()
    }

    package var cells: Int { parts.reduce(0) { $0 + Self.cells(of: $1.text) } }

    /// Its beginning, as far as it fits.
    package func clipped(cells: Int) -> StyledLine {
        guard self.cells > cells else { return self }
        var line = StyledLine()
        var left = max(0, cells - 1)
        for part in parts where left >= 0 {
            var text = ""
            for character in part.text {
                let width = Self.cells(of: String(character))
                left -= width
                guard left >= 0 else { break }
                text.append(character)
            }
            line.parts.append(Part(text: text, tone: part.tone))
        }
        if cells > 0 { line.parts.append(Part(text: "…", tone: .plain)) }
        return line
    }

    private static func cells(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + TerminalText.cells(of: $1) }
    }
}
