import ChangelogTable
import Glibc

// `changelog-table`: what the files of a sink leave behind, worked out apart from the engine that wrote them.

@main
struct ChangelogTableCommand {
    static let usage = """
        usage: changelog-table [--summary] FOLDER

          Applies the changes in the files of FOLDER, in the order of their names, and prints the rows that are left,
          sorted, with a TAB between values. --summary prints the number of rows and a checksum over them instead.

        """

    static func main() {
        var words = Array(CommandLine.arguments.dropFirst())
        let isSummary = words.first == "--summary"
        if isSummary { words.removeFirst() }
        guard words.count == 1, !words[0].hasPrefix("-") else { fail(usage, code: 64) }
        do {
            let table = try FinalTable(partFilesUnder: words[0])
            if isSummary {
                let digits = String(try table.checksum(), radix: 16)
                let checksum = String(repeating: "0", count: 16 - digits.count) + digits
                print("{\"rows\":\(table.rowCount),\"checksum\":\"\(checksum)\"}")
            } else {
                for row in try table.sortedRows() { print(row) }
            }
        } catch {
            fail("changelog-table: \(error)\n", code: 1)
        }
    }

    private static func fail(_ text: String, code: Int32) -> Never {
        // Nothing can be done where even the message cannot be written.
        _ = write(2, text, text.utf8.count)
        exit(code)
    }
}
