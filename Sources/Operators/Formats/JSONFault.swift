/// Why a line is no record, and where. Made a sentence only when somebody is told.
struct JSONFault {
    enum Reason {
        case noObject
        case noName
        case noColon
        case noCommaOrBrace
        case noCommaOrBracket
        case noValue
        case badNumber
        case badLiteral
        case controlCharacter
        case openString
        case badEscape
        case badUTF8
        case tooDeep
        case trailingBytes
        case tooLong
        /// The field's value is not of its type.
        case misfit(field: Int)
        case missing(field: Int)
        case null(field: Int)
        /// No fault of the line's: a string column's storage is used up, and the call ends in front of this line.
        case fullStorage
    }

    var reason: Reason
    var at: UnsafePointer<UInt8>?

    /// What is said of everything that is not about one field.
    var grammarMessage: String {
        switch reason {
        case .noObject: "expected one JSON object"
        case .noName: "expected a field name in double quotes"
        case .noColon: "expected \":\" after a field name"
        case .noCommaOrBrace: "expected \",\" or \"}\" after a field"
        case .noCommaOrBracket: "expected \",\" or \"]\" after an array element"
        case .noValue: "expected a JSON value"
        case .badNumber: "expected a JSON number"
        case .badLiteral: "expected true, false or null"
        case .controlCharacter: "control characters in strings must be escaped"
        case .openString: "the line ends inside a string"
        case .badEscape: "invalid escape in a string"
        case .badUTF8: "invalid UTF-8"
        case .tooDeep: "more than \(JSONGrammar.maximumDepth) objects and arrays inside each other"
        case .trailingBytes: "expected the end of the line after the JSON object"
        case .tooLong: "a line of more than \(JSONLinesScanner.maximumLineBytes) bytes"
        case .misfit, .missing, .null, .fullStorage: "a field does not fit"
        }
    }
}
