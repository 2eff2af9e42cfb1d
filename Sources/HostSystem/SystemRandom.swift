import Glibc

/// The kernel's random numbers (getrandom, through getentropy), for identities; never for anything a result depends on.
package final class SystemRandom: RandomSource {
    package init() {}

    package func next() -> UInt64 {
        var value: UInt64 = 0
        let failed = withUnsafeMutableBytes(of: &value) { getentropy($0.baseAddress, $0.count) }
        precondition(failed == 0, "the kernel gives eight random bytes")
        return value
    }
}
