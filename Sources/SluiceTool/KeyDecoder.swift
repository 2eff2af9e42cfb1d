import Columnar

/// Makes keys of the bytes that a terminal sends, one byte at a time.
struct KeyDecoder {
    private enum State {
        case plain
        /// The beginning of a character of so many bytes.
        case character([UInt8], length: Int)
        case escape
        /// Behind `ESC [` or `ESC O`: parameters so far.
        case sequence([UInt8])
    }

    private var state = State.plain

    /// - Returns: nil: the key has not come to its end.
    mutating func take(_ byte: UInt8) -> LineEditor.Key? {
        switch state {
        case .plain: return plain(byte)
        case .character(let bytes, let length): return character(bytes + [byte], length)
        case .escape:
            state = byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") ? .sequence([]) : .plain
            if case .sequence = state { return nil }
            return .unknown
        case .sequence(let parameters):
            guard 0x40...0x7E ~= byte else {
                state = parameters.count < 16 ? .sequence(parameters + [byte]) : .plain
                return nil
            }
            state = .plain
            return Self.key(parameters, byte)
        }
    }

    private mutating func plain(_ byte: UInt8) -> LineEditor.Key? {
        switch byte {
        case 0x1B:
            state = .escape
            return nil
        case 0x0D, 0x0A: return .enter
        case 0x7F, 0x08: return .backspace
        case 0x01: return .home
        case 0x02: return .left
        case 0x03: return .interrupt
        case 0x04: return .endOfInput
        case 0x05: return .end
        case 0x06: return .right
        case 0x09: return .text(" ")
        case 0x0B: return .killToEnd
        case 0x0C: return .clearScreen
        case 0x0E: return .down
        case 0x10: return .up
        case 0x15: return .killToStart
        case 0x17: return .killWord
        case 0x20..<0x7F: return .text(Character(Unicode.Scalar(byte)))
        case 0xC2...0xDF: return begin(byte, 2)
        case 0xE0...0xEF: return begin(byte, 3)
        case 0xF0...0xF4: return begin(byte, 4)
        default: return .unknown
        }
    }

    private mutating func begin(_ byte: UInt8, _ length: Int) -> LineEditor.Key? {
        state = .character([byte], length: length)
        return nil
    }

    private mutating func character(_ bytes: [UInt8], _ length: Int) -> LineEditor.Key? {
        guard bytes.count == length else {
            state = .character(bytes, length: length)
            return nil
        }
        state = .plain
        guard let scalar = String(validating: bytes, as: UTF8.self)?.unicodeScalars.first,
            TerminalText.isShown(scalar)
        else { return .unknown }
        return .text(Character(scalar))
    }

    private static func key(_ parameters: [UInt8], _ final: UInt8) -> LineEditor.Key {
        switch (String(decoding: parameters, as: UTF8.self), Unicode.Scalar(final)) {
        case (_, "A"): .up
        case (_, "B"): .down
        case (_, "C"): .right
        case (_, "D"): .left
        case (_, "H"), ("1", "~"), ("7", "~"): .home
        case (_, "F"), ("4", "~"), ("8", "~"): .end
        case ("3", "~"): .delete
        default: .unknown
        }
    }
}
