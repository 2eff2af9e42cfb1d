/// A version of a deployed job, as users write it: `orders@2`. The journal knows the version's run by this name.
package struct VersionName: Hashable, Sendable, CustomStringConvertible {
    package var job: String
    /// From 1.
    package var number: UInt32

    package init(_ job: String, _ number: UInt32) {
        self.job = job
        self.number = number
    }

    /// nil: the text is not of this form.
    package init?(_ text: String) {
        guard let at = text.lastIndex(of: "@"), at > text.startIndex else { return nil }
        let digits = text[text.index(after: at)...]
        guard let number = UInt32(digits), number > 0, String(number) == digits else { return nil }
        self.init(String(text[..<at]), number)
    }

    package var description: String { "\(job)@\(number)" }
}
