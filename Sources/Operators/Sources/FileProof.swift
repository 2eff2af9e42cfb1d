import Dataflow
import Glibc
import HostSystem

// What was consumed of a file is proven by checksums of its first and last 64 KiB: a file that was rewritten is refused,
// and one that grew is not.

extension FilePosition.Proof {
    /// Of a longer beginning of the file; as it is where the file is gone, since what is read may be taken away.
    func extended(to bytes: Int, of path: String, _ files: any FileSystem) throws(FileError) -> Self {
        guard bytes > self.bytes else { return self }
        let file: any FileHandle
        do throws(FileError) {
            file = try files.open(path, .read)
        } catch {
            guard error.code == ENOENT else { throw error }
            return self
        }
        defer { file.close() }
        let length = FilePosition.proofBytes
        var longer = self
        longer.bytes = bytes
        if self.bytes < length { longer.headChecksum = try Self.checksum(file, 0, min(bytes, length)) }
        longer.tailChecksum = try Self.checksum(file, max(0, bytes - length), min(bytes, length))
        return longer
    }

    func holds(of file: any FileHandle) throws(FileError) -> Bool {
        let length = min(bytes, FilePosition.proofBytes)
        guard length > 0 else { return true }
        let head = try Self.checksum(file, 0, length)
        let tail = try Self.checksum(file, bytes - length, length)
        return head == headChecksum && tail == tailChecksum
    }

    private static func checksum(_ file: any FileHandle, _ offset: Int, _ count: Int) throws(FileError) -> UInt32 {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { bytes.deallocate() }
        var filled = 0
        while filled < count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
            let got = try file.read(into: rest, at: offset + filled)
            if got == 0 { break }
            filled += got
        }
        return Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<filled]))
    }
}

extension FilePosition.File {
    /// Errors: the consumed bytes are not as they were, or unread ones are gone.
    func verify(_ files: any FileSystem) throws(JobFailure) {
        guard consumedBytes > 0 else { return }
        let isAsItWas = try JobFailure.onFiles("checking '\(path)'") { () throws(FileError) -> Bool? in
            guard let status = try files.status(path) else { return nil }
            guard status.sizeBytes >= readEnd else { return false }
            let opened = try files.open(path, .read)
            defer { opened.close() }
            return try proof.holds(of: opened)
        }
        switch isAsItWas {
        case true?: return
        case nil where consumedBytes >= limitBytes: return
        case nil:
            throw JobFailure(
                .world, "'\(path)' is gone, and \(limitBytes - consumedBytes) of its bytes are unread",
                hint: "put it back, or start over with --fresh")
        case false?:
            throw JobFailure(
                .world, "'\(path)' has changed in the \(consumedBytes) bytes that were read before",
                detail: "what was published from it can no longer be continued",
                hint: "put the file back as it was, or start over with --fresh")
        }
    }
}
