// A file system in memory that keeps what is cached apart from what is on the disk, as one process sees it. After the
// process's death every operation fails: whatever it still tries has no effect.

import Glibc
import HostSystem
import Synchronization

package final class SimulatedFileSystem: FileSystem {
    /// Boxed: a closure that a mutex gives out is wrapped once more each time.
    private final class Hook<Argument>: Sendable {
        let call: @Sendable (Argument) -> Void

        init(_ call: @escaping @Sendable (Argument) -> Void) { self.call = call }
    }

    /// The error number of whatever a dead process tries.
    package static let processDeath: Int32 = -9

    package let disk: SimulatedDisk
    package let bootIdentity: String
    fileprivate let process: Int
    private let changeHook = Mutex<Hook<Void>?>(nil)
    private let changedHook = Mutex<Hook<Void>?>(nil)
    private let turnHook = Mutex<Hook<String?>?>(nil)

    init(on disk: SimulatedDisk, process: Int, bootIdentity: String) {
        self.disk = disk
        self.process = process
        self.bootIdentity = bootIdentity
    }

    /// A machine of its own with this one process.
    package convenience init(seed: UInt64 = 0) {
        let disk = SimulatedDisk(seed: seed)
        let bootIdentity = disk.machine.withLock { "boot-\($0.boot)" }
        self.init(on: disk, process: disk.machine.withLock { $0.start(.none) }, bootIdentity: bootIdentity)
    }

    package var isDead: Bool { disk.machine.withLock { $0.processes[process] == nil } }

    /// How many operations changed something so far; 0 of a dead process.
    package var operations: Int { disk.machine.withLock { $0.processes[process]?.operations ?? 0 } }

    /// A planned fault has struck this process.
    package var metFaults: Bool { disk.machine.withLock { $0.processes[process]?.metFaults ?? true } }

    /// It was ended by itself, and not with its machine.
    var isKilled: Bool { disk.machine.withLock { $0.processes[process] == nil && bootIdentity == "boot-\($0.boot)" } }

    /// Has this called before every operation of this process that changes something.
    package func beforeChange(_ hook: (@Sendable () -> Void)?) {
        changeHook.withLock { $0 = hook.map { hook in Hook { hook() } } }
    }

    /// Has this called after every operation of this process that changed something.
    package func afterChange(_ hook: (@Sendable () -> Void)?) {
        changedHook.withLock { $0 = hook.map { hook in Hook { hook() } } }
    }

    /// Has this called before every operation of this process, and again and again while it waits for a lock, whose path
    /// it is given then. Without it nobody waits here.
    package func beforeOperation(_ hook: (@Sendable (_ lock: String?) -> Void)?) {
        turnHook.withLock { $0 = hook.map { Hook($0) } }
    }

    /// Before a change that is not made here.
    func announceChange() { changeHook.withLock { $0 }?.call(()) }

    /// This process has been told that something will stand.
    func promised() { disk.machine.withLock { $0.promise(to: process) } }

    /// Ends this process; the page cache stays.
    package func kill() { disk.machine.withLock { $0.kill(process) } }

    fileprivate func look<Result: Sendable>(
        _ operation: FileError.Operation, _ path: String,
        _ body: (inout SimulatedMachine) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        turnHook.withLock { $0 }?.call(nil)
        return try disk.machine.withLock { machine throws(FileError) in
            try machine.living(process, operation, path)
            return try body(&machine)
        }
    }

    fileprivate func perform(
        _ operation: FileError.Operation, _ path: String, _ detail: String = "",
        _ effect: (inout SimulatedMachine, _ isWhole: Bool) throws(FileError) -> Void
    ) throws(FileError) {
        announceChange()
        turnHook.withLock { $0 }?.call(nil)
        try disk.machine.withLock { machine throws(FileError) in
            try machine.perform(process, operation, path, detail, effect)
        }
        changedHook.withLock { $0 }?.call(())
    }

    package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle {
        var inode = try look(.open, path) { $0.tree.find(path) }
        switch (mode, inode) {
        case (.createNew, .some): throw FileError(.open, path, code: EEXIST)
        case (.read, nil), (.update, nil): throw FileError(.open, path, code: ENOENT)
        case (.createNew, nil), (.createIfMissing, nil):
            try perform(.open, path) { machine, isWhole throws(FileError) in
                guard isWhole else { return }
                // Somebody may have made it since we looked.
                if let found = machine.tree.find(path) {
                    if mode == .createNew { throw FileError(.open, path, code: EEXIST) }
                    inode = found
                    return
                }
                let made = try machine.tree.create(path, directory: false, .open)
                machine.contents[made] = SimulatedContent()
                inode = made
            }
        default: break
        }
        guard let inode, try look(.open, path, { mode == .read || !$0.tree.isDirectory(inode) }) else {
            throw FileError(.open, path, code: EISDIR)
        }
        return SimulatedFileHandle(path, inode, self, writable: mode != .read)
    }

    package func status(_ path: String) throws(FileError) -> FileStatus? {
        try look(.status, path) { machine in
            machine.tree.find(path).map { inode in
                FileStatus(
                    isDirectory: machine.tree.isDirectory(inode),
                    sizeBytes: machine.contents[inode]?.cached.count ?? 0, identity: UInt64(inode),
                    modifiedMilliseconds: 0)
            }
        }
    }

    package func list(_ directory: String) throws(FileError) -> [String] {
        let isOneOfSeveral = turnHook.withLock { $0 != nil }
        return try look(.list, directory) { machine throws(FileError) in
            guard let inode = machine.tree.find(directory) else { throw FileError(.list, directory, code: ENOENT) }
            guard machine.tree.isDirectory(inode) else { throw FileError(.list, directory, code: ENOTDIR) }
            var names = machine.tree.names(in: inode).keys.sorted()
            if isOneOfSeveral { names.shuffle(using: &machine.random) }
            return names
        }
    }

    package func rename(_ from: String, to: String) throws(FileError) {
        try perform(.rename, from, " to \(to)") { machine, isWhole throws(FileError) in
            if isWhole { try machine.tree.rename(from, to: to, replacing: true) }
        }
    }

    package func renameNew(_ from: String, to: String) throws(FileError) {
        try perform(.rename, from, " to \(to)") { machine, isWhole throws(FileError) in
            if isWhole { try machine.tree.rename(from, to: to, replacing: false) }
        }
    }

    package func link(_ from: String, to: String) throws(FileError) {
        try perform(.link, to, " to \(from)") { machine, isWhole throws(FileError) in
            if isWhole { try machine.tree.link(from, to: to) }
        }
    }

    package func remove(_ path: String) throws(FileError) {
        try perform(.remove, path) { machine, isWhole throws(FileError) in
            if isWhole { try machine.tree.remove(path) }
        }
    }

    package func makeDirectories(_ path: String) throws(FileError) {
        if let found = try look(
            .makeDirectory, path,
            { machine in
                machine.tree.find(path).map { machine.tree.isDirectory($0) }
            })
        {
            guard found else { throw FileError(.makeDirectory, path, code: ENOTDIR) }
            return
        }
        let parent = FilePath.parent(of: path)
        if parent != "/", parent != "." { try makeDirectories(parent) }
        try perform(.makeDirectory, path) { machine, isWhole throws(FileError) in
            guard isWhole else { return }
            if let found = machine.tree.find(path) {
                guard machine.tree.isDirectory(found) else { throw FileError(.makeDirectory, path, code: ENOTDIR) }
                return
            }
            _ = try machine.tree.create(path, directory: true, .makeDirectory)
        }
    }

    package func syncDirectory(_ path: String) throws(FileError) {
        try perform(.syncDirectory, path) { machine, isWhole throws(FileError) in
            guard let inode = machine.tree.find(path), machine.tree.isDirectory(inode) else {
                throw FileError(.syncDirectory, path, code: ENOTDIR)
            }
            if isWhole { machine.tree.sync(inode) }
        }
    }

    /// Where nothing runs at the same time, nobody ever frees a lock while we wait for it: EDEADLK.
    package func lock(_ path: String, wait: Bool) throws(FileError) -> (any FileLock)? {
        while true {
            if let taken = try take(path) { return taken }
            guard wait else { return nil }
            guard let turn = turnHook.withLock({ $0 }) else { throw FileError(.lock, path, code: EDEADLK) }
            turn.call(path)
        }
    }

    /// nil: somebody holds it.
    private func take(_ path: String) throws(FileError) -> (any FileLock)? {
        _ = try open(path, .createIfMissing)
        let number = try look(.lock, path) { machine throws(FileError) -> (Inode, Int)? in
            guard let inode = machine.tree.find(path) else { throw FileError(.lock, path, code: ENOENT) }
            guard machine.locks[inode] == nil else { return nil }
            let number = machine.lockNumber(process)
            machine.locks[inode] = number
            return (inode, number)
        }
        return number.map { SimulatedFileLock(disk, inode: $0.0, number: $0.1) }
    }
}

private final class SimulatedFileHandle: FileHandle {
    let path: String
    private let inode: Inode
    private let files: SimulatedFileSystem
    private let isWritable: Bool
    private let isOpen = Atomic(true)

    init(_ path: String, _ inode: Inode, _ files: SimulatedFileSystem, writable: Bool) {
        self.path = path
        self.inode = inode
        self.files = files
        isWritable = writable
    }

    private func check(_ operation: FileError.Operation, writes: Bool) throws(FileError) {
        guard isOpen.load(ordering: .relaxed), isWritable || !writes else {
            throw FileError(operation, path, code: EBADF)
        }
    }

    func size() throws(FileError) -> Int {
        try check(.status, writes: false)
        return try files.look(.status, path) { $0.contents[inode]?.cached.count ?? 0 }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        try check(.read, writes: false)
        // Nothing is shared with the machine: its bytes come out as an array of their own.
        let wanted = buffer.count
        let bytes = try files.look(.read, path) { machine throws(FileError) -> [UInt8] in
            machine.touch(inode)
            guard let content = machine.contents[inode] else { throw FileError(.read, path, code: EISDIR) }
            guard offset < content.cached.count else { return [] }
            return Array(content.cached[offset..<min(content.cached.count, offset + wanted)])
        }
        buffer.copyBytes(from: bytes)
        return bytes.count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        try check(.write, writes: true)
        let copy = Array(bytes)
        try files.perform(.write, path, " \(copy.count) bytes at \(offset)") { machine, isWhole throws(FileError) in
            // Also all of it: what fails may have been done.
            let count = isWhole || machine.random.oneIn(4) ? copy.count : machine.random.below(copy.count + 1)
            if count > 0 {
                machine.contents[inode]?.change(.write(offset: offset, bytes: Array(copy[..<count])))
            }
        }
    }

    func truncate(to sizeBytes: Int) throws(FileError) {
        try check(.truncate, writes: true)
        try files.perform(.truncate, path, " to \(sizeBytes)") { machine, isWhole throws(FileError) in
            if isWhole { machine.contents[inode]?.change(.truncate(sizeBytes: sizeBytes)) }
        }
    }

    func sync() throws(FileError) {
        try check(.sync, writes: false)
        try files.perform(.sync, path) { machine, isWhole throws(FileError) in
            machine.touch(inode)
            if isWhole { machine.contents[inode]?.sync() } else { machine.failSync(inode) }
        }
    }

    func close() { isOpen.store(false, ordering: .relaxed) }
}

private final class SimulatedFileLock: FileLock {
    private let disk: SimulatedDisk
    private let inode: Inode
    private let number: Int

    init(_ disk: SimulatedDisk, inode: Inode, number: Int) {
        self.disk = disk
        self.inode = inode
        self.number = number
    }

    deinit { release() }

    func release() {
        disk.machine.withLock { machine in
            if machine.locks[inode] == number { machine.locks[inode] = nil }
        }
    }
}
