import CKernels
import Glibc

/// A number in memory that processes share, and wait for.
package protocol SharedSignal: AnyObject, Sendable {
    var value: UInt32 { get }
    /// Changes the number, and wakes everybody who waits.
    func raise()
    /// Returns when the number is no longer `value`, when the time is up, or for no reason at all. nil: no limit.
    func wait(while value: UInt32, timeoutMilliseconds: Int64?)
}

/// A word of a file's page, mapped, and a futex on it (futex(2)). Sendable: the pointers never change, and the word is
/// reached by atomic operations only.
final class FutexSignal: SharedSignal, @unchecked Sendable {
    private let page: UnsafeMutablePointer<UInt32>
    private let word: UnsafeMutablePointer<UInt32>

    /// `offset` is a multiple of 4 below 4096. The file is made a page long, and never shortened.
    init(_ path: String, descriptor: Int32, offset: Int) throws(FileError) {
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else { throw FileError(.status, path, code: errno) }
        // Written, not only made longer: a page without its place on the disk would be found wanting when it is touched.
        var zero: UInt8 = 0
        if raw.st_size < 4096, pwrite(descriptor, &zero, 1, 4095) != 1 { throw FileError(.write, path, code: errno) }
        guard let mapped = sluice_map_page(descriptor) else { throw FileError(.open, path, code: errno) }
        page = mapped
        word = mapped + offset / 4
    }

    deinit { munmap(page, 4096) }

    var value: UInt32 { sluice_load(word) }

    func raise() { sluice_raise(word) }

    func wait(while value: UInt32, timeoutMilliseconds: Int64?) {
        sluice_wait(word, value, timeoutMilliseconds.map { max(0, $0) } ?? -1)
    }
}
