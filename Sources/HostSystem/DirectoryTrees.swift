import Glibc

extension FileSystem {
    /// Removes a file, or a directory and all in it; nothing where nothing has this path. Links are not followed.
    package func removeTree(_ path: String) throws(FileError) {
        do throws(FileError) {
            return try remove(path)
        } catch {
            if error.code == ENOENT { return }
            guard error.code == ENOTEMPTY || error.code == EEXIST else { throw error }
        }
        for name in try list(path) { try removeTree(FilePath.join(path, name)) }
        try remove(path)
    }

    /// Gives a file a second name, or copies it where that cannot be: to another disk, or on one without links. A copy's
    /// bytes are durable; the new name is only once its directory is synced.
    package func linkOrCopy(_ from: String, to: String) throws(FileError) {
        do throws(FileError) {
            try link(from, to: to)
        } catch {
            guard [EXDEV, EPERM, ENOTSUP, ENOSYS, EMLINK].contains(error.code) else { throw error }
            try copy(from, to: to)
        }
    }

    /// Copies a file's bytes, which are durable when it returns.
    package func copy(_ from: String, to: String) throws(FileError) {
        let source = try open(from, .read)
        defer { source.close() }
        let target = try open(to, .createNew)
        defer { target.close() }
        let pieceBytes = 1 << 20
        var offset = 0
        while true {
            let piece = try source.read(offset..<offset + pieceBytes)
            if piece.isEmpty { break }
            try target.write(piece, at: offset)
            offset += piece.count
        }
        try target.sync()
    }

    /// The checksum of a file's first bytes; nil where it is shorter.
    package func checksum(ofFirst count: Int, in path: String) throws(FileError) -> UInt32? {
        let file = try open(path, .read)
        defer { file.close() }
        let pieceBytes = 1 << 20
        var checksum: UInt32 = 0
        var offset = 0
        while offset < count {
            let piece = try file.read(offset..<min(count, offset + pieceBytes))
            if piece.isEmpty { return nil }
            checksum = Checksum.crc32c(piece, continuing: checksum)
            offset += piece.count
        }
        return checksum
    }
}
