import HostSystem
import Synchronization

/// The page's file, which is never replaced: opened once by each process that reads or writes it.
final class JournalPageFile: Sendable {
    private struct Opened {
        var reading: (any FileHandle)?
        var writing: (any FileHandle)?
    }

    let path: String
    private let files: any FileSystem
    private let opened = Mutex(Opened())

    init(_ path: String, _ files: any FileSystem) {
        self.path = path
        self.files = files
    }

    /// Empty where there is none.
    func read() throws(FileError) -> [UInt8] {
        try opened.withLock { (opened) throws(FileError) in
            if opened.reading == nil {
                guard try files.exists(path) else { return [] }
                opened.reading = try files.open(path, .read)
            }
            return try opened.reading?.read(0..<JournalPage.sizeBytes) ?? []
        }
    }

    /// Only for the holder of `journal.sync`.
    func write(_ page: JournalPage) throws(FileError) {
        try opened.withLock { (opened) throws(FileError) in
            if opened.writing == nil { opened.writing = try files.open(path, .createIfMissing) }
            try opened.writing?.write(page.encode(), at: 0)
        }
    }
}
