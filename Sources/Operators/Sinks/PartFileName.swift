import CommitLog

/// The names a part file goes by: hidden while it is written, its own once it is committed.
package struct PartFileName: Hashable, Sendable {
    package var number: UInt64
    package var subtask: UInt32

    /// Of ten digits: longer ones would break the order of names.
    package static let largestNumber: UInt64 = 9_999_999_999
    private static let prefix = "part-"

    package init(number: UInt64, subtask: UInt32) {
        self.number = number
        self.subtask = subtask
    }

    /// `part-<number, 10 digits>-<subtask>`
    package var visible: String {
        let digits = String(number)
        return PartFileName.prefix + String(repeating: "0", count: max(0, 10 - digits.count)) + digits + "-"
            + String(subtask)
    }

    /// `.part-<number, 10 digits>-<subtask>.<run>`
    package func hidden(_ run: RunID) -> String { "." + visible + "." + run.description }

    /// nil for the name of anything else.
    package init?(visible name: some StringProtocol) {
        guard name.hasPrefix(PartFileName.prefix) else { return nil }
        let fields = name.dropFirst(PartFileName.prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count == 2, fields[0].utf8.count == 10, fields[0].utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let number = UInt64(fields[0]), let subtask = UInt32(fields[1]), String(subtask) == fields[1]
        else { return nil }
        self.init(number: number, subtask: subtask)
    }

    /// The part and the 32 digits of its run; nil for the name of anything else.
    package static func parse(hidden name: String) -> (part: PartFileName, run: String)? {
        guard name.hasPrefix(".") else { return nil }
        let fields = name.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count == 2, fields[1].utf8.count == 32, let part = PartFileName(visible: fields[0]) else {
            return nil
        }
        return (part, String(fields[1]))
    }
}
