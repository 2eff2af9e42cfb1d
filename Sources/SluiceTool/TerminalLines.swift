import Glibc
import Synchronization

/// Whether keys come one by one (while a line is typed) or by line (else).
enum TerminalMode {
    private static let usual = Mutex<termios?>(nil)

    static func takeKeys() {
        var mode = termios()
        guard tcgetattr(STDIN_FILENO, &mode) == 0 else { return }
        let before = mode
        usual.withLock { $0 = before }
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        mode.c_iflag &= ~tcflag_t(ICRNL | IXON | BRKINT | INPCK | ISTRIP)
        _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }

    static func restore() {
        usual.withLock { saved in
            guard var mode = saved else { return }
            _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
            saved = nil
        }
    }
}

/// Reads lines from the terminal behind standard input, edited as they are typed. What is typed shows on standard error, so
/// that standard output holds results alone.
struct TerminalLines {
    enum Line: Equatable {
        case text(String)
        /// Ctrl-C.
        case dropped
        case end
    }

    private var decoder = KeyDecoder()
    /// Typed ahead.
    private var bytes: ArraySlice<UInt8> = []

    /// - Parameter prompt: ASCII.
    mutating func read(_ prompt: String, history: [String]) -> Line {
        TerminalMode.takeKeys()
        defer { TerminalMode.restore() }
        var editor = LineEditor(history: history)
        draw(editor, prompt)
        while let key = nextKey() {
            switch editor.press(key) {
            case .none: continue
            case .redraw: draw(editor, prompt)
            case .clearScreen:
                StandardStreams.error("\u{1B}[H\u{1B}[2J")
                draw(editor, prompt)
            case .submit(let text):
                _ = editor.press(.end)
                draw(editor, prompt)
                StandardStreams.error("\n")
                return .text(text)
            case .interrupt:
                StandardStreams.error("^C\n")
                return .dropped
            case .end:
                StandardStreams.error("\n")
                return .end
            }
        }
        return .end
    }

    private func draw(_ editor: LineEditor, _ prompt: String) {
        let (text, cursorCells) = editor.view(cells: max(8, StandardStreams.errorWidth - prompt.count))
        // Back to the first column, the line anew, and the cursor to its place.
        let cursor = prompt.count + cursorCells
        StandardStreams.error("\r\(prompt)\(text)\u{1B}[K\r" + (cursor > 0 ? "\u{1B}[\(cursor)C" : ""))
    }

    /// - Returns: nil at the end of the input.
    private mutating func nextKey() -> LineEditor.Key? {
        while true {
            while let byte = bytes.popFirst() {
                if let key = decoder.take(byte) { return key }
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes = piece[..<count]
        }
    }
}
