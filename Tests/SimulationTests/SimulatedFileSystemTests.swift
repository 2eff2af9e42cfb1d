import Glibc
import HostSystem
import Simulation
import Testing

private func write(_ files: any FileSystem, _ path: String, _ text: String, at offset: Int = 0, sync: Bool = false)
    throws
{
    let file = try files.open(path, .createIfMissing)
    try Array(text.utf8).withUnsafeBytes { bytes in try file.write(bytes, at: offset) }
    if sync { try file.sync() }
}

private func text(_ files: any FileSystem, _ path: String) throws -> String {
    String(decoding: try files.readAll(path), as: UTF8.self)
}

private func code(_ body: () throws -> Void) -> Int32? {
    do {
        try body()
        return nil
    } catch { return (error as? FileError)?.code }
}

@Suite struct SimulatedFileSystemTests {
    @Test func itIsAFileSystem() throws {
        let files = SimulatedFileSystem()
        try files.makeDirectories("a/b")
        try write(files, "a/b/x", "hello")
        #expect(try text(files, "a/b/x") == "hello")
        #expect(try files.list("a") == ["b"])
        #expect(try files.status("a/b")?.isDirectory == true)
        #expect(try files.status("a/b/y") == nil)
        try files.rename("a/b/x", to: "a/y")
        #expect(code { _ = try files.open("a/b/x", .read) } == ENOENT)
        try write(files, "a/z", "z")
        #expect(code { try files.renameNew("a/y", to: "a/z") } == EEXIST)
        try files.rename("a/y", to: "a/z")
        #expect(try text(files, "a/z") == "hello")
        #expect(code { _ = try files.open("a/z", .createNew) } == EEXIST)
        let handle = try files.open("a/z", .update)
        try files.remove("a/z")
        try handle.truncate(to: 2)
        #expect(try handle.size() == 2)
        #expect(try files.lock("lock", wait: false) != nil)
        let lock = try files.lock("lock", wait: false)
        #expect(try files.lock("lock", wait: false) == nil)
        lock?.release()
        #expect(try files.lock("lock", wait: false) != nil)
    }

    @Test func aKillKeepsTheCacheAndFreesTheLocks() throws {
        let disk = SimulatedDisk(seed: 1)
        let files = disk.start(FaultPlan([Fault(.kill(.before), at: 4)]))
        let lock = try files.lock("lock", wait: false)
        try write(files, "x", "abc")
        #expect(code { try write(files, "x", "ABC") } == SimulatedFileSystem.processDeath)
        #expect(files.isDead)
        #expect(code { _ = try files.list("/") } == SimulatedFileSystem.processDeath)
        let next = disk.start()
        #expect(next.bootIdentity == files.bootIdentity)
        #expect(try text(next, "x") == "abc")
        #expect(try next.lock("lock", wait: false) != nil)
        lock?.release()
    }

    @Test func aPowerLossLeavesWhatIsSyncedAndAnyPartOfTheRest() throws {
        var outcomes: Set<String> = []
        for seed in 0..<400 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let files = disk.start()
            try write(files, "kept", "abcd", sync: true)
            try files.syncDirectory("/")
            try write(files, "kept", "ABCD")
            try write(files, "new", "x", sync: true)
            try files.rename("new", to: "renamed")
            disk.losePower()
            #expect(files.isDead)
            let next = disk.start()
            #expect(next.bootIdentity != files.bootIdentity)
            outcomes.insert("\(try next.list("/").filter { $0 != "kept" }) \(try text(next, "kept"))")
            #expect(try next.readAll("kept").count == 4)
        }
        for names in ["[]", "[\"new\"]", "[\"renamed\"]"] {
            for content in ["abcd", "ABCD"] { #expect(outcomes.contains(names + " " + content)) }
        }
        #expect(outcomes.contains { !$0.hasSuffix("abcd") && !$0.hasSuffix("ABCD") })
        #expect(!outcomes.contains { $0.contains("new") && $0.contains("renamed") })
    }

    @Test func afterAFailedSyncTheNextOneLies() throws {
        var lost = 0
        for seed in 0..<50 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let files = disk.start(FaultPlan([Fault(.failedSync, at: 4)]))
            try write(files, "x", "abcd", sync: true)
            try files.syncDirectory("/")
            #expect(code { try write(files, "x", "ABCD", sync: true) } == EIO)
            try files.open("x", .update).sync()
            disk.losePower()
            if try text(disk.start(), "x") == "abcd" { lost += 1 }
        }
        #expect(lost == 50)
    }

    @Test func aFullDiskTakesAPrefix() throws {
        let disk = SimulatedDisk(seed: 3)
        let files = disk.start(FaultPlan([Fault(.outOfSpace, at: 2)]))
        #expect(code { try write(files, "x", "abcdef") } == ENOSPC)
        let left = try text(files, "x")
        #expect("abcdef".hasPrefix(left))
        try write(files, "x", "abcdef")
        #expect(try text(files, "x") == "abcdef")
    }
}
