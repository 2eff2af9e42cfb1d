// All free text of the stream is cut from one pseudo-random text of 1 MiB: lower-case letters, one character in
// thirteen a space. A second copy has underscores for spaces, for mail addresses and URLs.

final class TextPool: Sendable {
    static let bytes = 1 << 20
    /// The longest slice.
    static let slackBytes = 1024
    /// The pool is drawn from event numbers that no stream reaches.
    private static let firstEvent = 1 << 50

    private let spaced: [UInt8]
    private let joined: [UInt8]

    init(_ random: EventRandom) {
        var text = [UInt8](repeating: 0, count: Self.bytes + Self.slackBytes)
        for i in text.indices {
            let isSpace = random.below(13, Self.firstEvent + i, 63) == 0
            text[i] = isSpace ? 0x20 : UInt8(truncatingIfNeeded: 0x61 + random.below(26, Self.firstEvent + i, 62))
        }
        spaced = text
        joined = text.map { $0 == 0x20 ? 0x5F : $0 }
    }

    @inline(__always)
    static func offset(_ random: EventRandom, _ event: Int, _ field: UInt64) -> Int {
        Int(truncatingIfNeeded: random.bits(event, field) & UInt64(bytes - 1))
    }

    /// Both texts, for as long as `body` runs.
    func withTexts(_ body: (_ spaced: UnsafePointer<UInt8>, _ joined: UnsafePointer<UInt8>) -> Void) {
        spaced.withUnsafeBufferPointer { first in
            joined.withUnsafeBufferPointer { second in
                guard let spaced = first.baseAddress, let joined = second.baseAddress else { return }
                body(spaced, joined)
            }
        }
    }
}
