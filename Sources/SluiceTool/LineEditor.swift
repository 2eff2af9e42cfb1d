import Columnar

// The line that is being typed at the prompt, as a value: keys in, an action out. Nothing here reads or writes.

struct LineEditor {
    enum Key: Equatable {
        case text(Character)
        case enter
        case backspace
        case delete
        case left
        case right
        case home
        case end
        case up
        case down
        case killToEnd
        case killToStart
        case killWord
        case clearScreen
        case interrupt
        case endOfInput
        case unknown
    }

    enum Action: Equatable {
        case none
        case redraw
        case clearScreen
        case submit(String)
        /// Ctrl-C: what was typed is dropped.
        case interrupt
        /// Ctrl-D on an empty line.
        case end
    }

    private(set) var characters: [Character] = []
    private(set) var cursor = 0
    private let history: [String]
    /// Of the history; its count: the line itself.
    private var shown: Int
    /// What was typed before the history was looked at.
    private var typed: [Character] = []

    init(history: [String]) {
        self.history = history
        shown = history.count
    }

    mutating func press(_ key: Key) -> Action {
        switch key {
        case .text(let character):
            characters.insert(character, at: cursor)
            cursor += 1
        case .enter: return .submit(String(characters))
        case .interrupt: return .interrupt
        case .clearScreen: return .clearScreen
        case .endOfInput:
            if characters.isEmpty { return .end }
            return press(.delete)
        case .backspace:
            guard cursor > 0 else { return .none }
            cursor -= 1
            characters.remove(at: cursor)
        case .delete:
            guard cursor < characters.count else { return .none }
            characters.remove(at: cursor)
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .up: return show(shown - 1)
        case .down: return show(shown + 1)
        case .killToEnd: characters.removeSubrange(cursor...)
        case .killToStart: kill(from: 0)
        case .killWord:
            let beforeBlanks = characters[..<cursor].lastIndex { $0 != " " } ?? 0
            kill(from: characters[..<beforeBlanks].lastIndex { $0 == " " }.map { $0 + 1 } ?? 0)
        case .unknown: return .none
        }
        return .redraw
    }

    private mutating func kill(from start: Int) {
        characters.removeSubrange(start..<cursor)
        cursor = start
    }

    private mutating func show(_ index: Int) -> Action {
        guard 0...history.count ~= index else { return .none }
        if shown == history.count { typed = characters }
        shown = index
        characters = index == history.count ? typed : Array(history[index])
        cursor = characters.count
        return .redraw
    }

    /// The part of the line around the cursor that fits, and the cells before the cursor in it.
    func view(cells: Int) -> (text: String, cursorCells: Int) {
        var start = cursor
        var before = 0
        while start > 0 {
            let width = Self.cells(of: characters[start - 1])
            guard before + width < cells else { break }
            before += width
            start -= 1
        }
        var end = cursor
        var width = before
        while end < characters.count, width + Self.cells(of: characters[end]) < cells {
            width += Self.cells(of: characters[end])
            end += 1
        }
        return (String(characters[start..<end]), before)
    }

    private static func cells(of character: Character) -> Int {
        character.unicodeScalars.reduce(0) { $0 + TerminalText.cells(of: $1) }
    }
}
