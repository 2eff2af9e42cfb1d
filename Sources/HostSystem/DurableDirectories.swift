import Glibc

extension FileSystem {
    /// Makes a directory and its missing parents, and every name on the way to it durable: also those found there, which
    /// somebody who died may have made a moment ago. Parents found there that we may not sync are passed over.
    package func makeDurableDirectories(_ path: String) throws(FileError) {
        var missing = Set<String>()
        var ancestors: [String] = []
        var current = path
        while true {
            if try status(current) == nil { missing.insert(current) }
            let parent = FilePath.parent(of: current)
            if parent == current || current == "." { break }
            ancestors.append(parent)
            current = parent
        }
        try makeDirectories(path)
        for ancestor in ancestors.reversed() {
            do throws(FileError) {
                try syncDirectory(ancestor)
            } catch {
                let isRefused = [EACCES, EPERM, EROFS, EINVAL].contains(error.code)
                guard isRefused, !missing.contains(ancestor) else { throw error }
            }
        }
    }
}
