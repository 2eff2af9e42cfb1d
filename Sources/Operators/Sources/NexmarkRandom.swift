import Glibc

// Every random value of the stream is a hash of (seed, event number, field number), so any event can be made alone, in
// any order, on any machine. The hash is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).

package struct NexmarkRandom: Sendable {
    private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
    private let base: UInt64

    init(seed: UInt64) { base = Self.mix(seed &* Self.golden &+ 1) }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// `field` is 0...63.
    @inline(__always)
    func bits(_ event: Int, _ field: UInt64) -> UInt64 {
        Self.mix((UInt64(truncatingIfNeeded: event) &* 64 &+ field) &* Self.golden &+ base)
    }

    /// Uniform in `0..<bound`; `bound` is less than 2³².
    @inline(__always)
    func below(_ bound: Int, _ event: Int, _ field: UInt64) -> Int {
        let high = bits(event, field) >> 32
        return Int(truncatingIfNeeded: (high &* UInt64(truncatingIfNeeded: bound)) >> 32)
    }

    /// A price in cents: `100 * 10^(6u)`, rounded down, for a uniform `u` in `0..<1`.
    @inline(__always)
    func price(_ event: Int, _ field: UInt64) -> Int {
        let unit = Double(bits(event, field) >> 11) * (1.0 / 9_007_199_254_740_992.0)
        return Int((pow(10.0, unit * 6.0) * 100.0).rounded(.down))
    }

    /// How many bytes of padding bring a payload of `current` bytes to about `desired`, give or take a fifth.
    @inline(__always)
    func paddingBytes(_ event: Int, _ field: UInt64, current: Int, desired: Int) -> Int {
        let want = desired - current
        guard want > 0 else { return 0 }
        let spread = Int(Double(want) * 0.2 + 0.5)
        return want - spread + below(2 * spread + 1, event, field)
    }
}
