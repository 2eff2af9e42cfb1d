import HostSystem

/// Where a journal lives, and what it needs to live there.
struct JournalHome: Sendable {
    var directory: String
    var files: any FileSystem
    var time: any TimeSource
    var safeguards: Safeguards
    var rollBytes: Int
    /// Raised when the durable end has moved.
    var signal: (any SharedSignal)?
    private let page: JournalPageFile

    init(
        directory: String, files: any FileSystem, time: any TimeSource, safeguards: Safeguards, rollBytes: Int
    ) {
        self.directory = directory
        self.files = files
        self.time = time
        self.safeguards = safeguards
        self.rollBytes = rollBytes
        page = JournalPageFile(FilePath.join(directory, "journal.page"), files)
    }

    var pagePath: String { page.path }

    func path(_ name: String) -> String { FilePath.join(directory, name) }

    /// The first sequence numbers of the files that are there, unsorted.
    func bases() throws(JournalError) -> [UInt64] {
        try onFiles { () throws(FileError) in try files.list(directory) }.compactMap(JournalTail.base)
    }

    func identity(ofFile base: UInt64) throws(JournalError) -> UInt64? {
        try onFiles { () throws(FileError) in try files.status(path(JournalTail.name(base)))?.identity }
    }

    // MARK: The page

    func readPage() throws(JournalError) -> JournalPage.Reading {
        JournalPage.decode(try onFiles { () throws(FileError) in try page.read() })
    }

    /// The page, if it may be believed.
    func believed(_ reading: JournalPage.Reading) -> JournalPage? {
        guard case .page(let page) = reading else { return nil }
        let isOfThisBoot = page.boot == JournalPage.boot(files.bootIdentity)
        return isOfThisBoot || !safeguards.contains(.first) ? page : nil
    }

    /// Only for the holder of `journal.sync`.
    func write(_ page: JournalPage) throws(JournalError) {
        try onFiles { () throws(FileError) in try self.page.write(page) }
    }

    func page(base: UInt64, identity: UInt64, end: UInt64, _ condition: JournalPage.Condition) -> JournalPage {
        JournalPage(
            bootIdentity: files.bootIdentity, base: base, identity: identity, end: end, condition: condition)
    }

    func lock(_ name: String) throws(JournalError) -> any FileLock {
        while true {
            if let lock = try lock(name, wait: true) { return lock }
        }
    }

    /// nil: somebody else holds it, and `wait` is false.
    func lock(_ name: String, wait: Bool) throws(JournalError) -> (any FileLock)? {
        try onFiles { () throws(FileError) in try files.lock(path(name), wait: wait) }
    }
}
