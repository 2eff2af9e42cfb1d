/// Command lines as a shell takes them.
package enum CommandText {
    /// What was typed after `sluice`.
    static var asTyped: String { text(Array(CommandLine.arguments.dropFirst())) }

    package static func text(_ arguments: [String]) -> String { arguments.map(quoted).joined(separator: " ") }

    package static func quoted(_ argument: String) -> String {
        let isPlain =
            !argument.isEmpty
            && argument.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "@%+=:,./-_".utf8.contains(byte)
                }
            }
        return isPlain
            ? argument
            : "'"
                + argument.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
