// One machine: its disk, its page cache, its locks, and the processes that come and go on it. Everything that is left to
// chance (what a power loss or a failed sync leaves, when clean pages are evicted) comes from one seed.

import Glibc
import HostSystem
import Synchronization

package final class SimulatedDisk: Sendable {
    let machine: Mutex<SimulatedMachine>

    package init(seed: UInt64) { machine = Mutex(SimulatedMachine(seed: seed)) }

    /// A process that is started now. It lives until it is killed, or the power goes.
    package func start(_ faults: FaultPlan = .none) -> SimulatedFileSystem {
        let (process, boot) = machine.withLock { machine in (machine.start(faults), machine.boot) }
        return SimulatedFileSystem(on: self, process: process, bootIdentity: "boot-\(boot)")
    }

    /// All processes die; of everything unsynced any part is left.
    package func losePower() { machine.withLock { $0.losePower() } }

    /// Whether anybody holds the lock of a file.
    func isLocked(_ path: String) -> Bool {
        machine.withLock { machine in machine.tree.find(path).map { machine.locks[$0] != nil } ?? false }
    }

    /// Flips bits of one byte on the disk and in the cache.
    package func rot(_ path: String, at offset: Int, mask: UInt8) {
        machine.withLock { machine in
            guard let inode = machine.tree.find(path) else { return }
            machine.contents[inode]?.rot(at: offset, mask: mask)
        }
    }

    /// Does it, and gives `trace` what the processes did: for a run that is to be understood.
    func traced<Failure: Error>(
        to trace: (([String]) -> Void)?, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        if trace != nil { machine.withLock { $0.traces = true } }
        defer { trace?(machine.withLock { $0.trace }) }
        try body()
    }
}

struct SimulatedMachine {
    struct Process {
        var faults: FaultPlan
        var operations = 0
        var metFaults = false
    }

    var tree = SimulatedTree()
    var contents: [Inode: SimulatedContent] = [:]
    /// Who holds the lock of a file.
    var locks: [Inode: Int] = [:]
    /// The living ones.
    private(set) var processes: [Int: Process] = [:]
    private(set) var boot = 1
    private(set) var trace: [String] = []
    var traces = false
    private var nextProcess = 1
    private var nextLock = 1
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func start(_ faults: FaultPlan) -> Int {
        defer { nextProcess += 1 }
        processes[nextProcess] = Process(faults: faults)
        return nextProcess
    }

    mutating func kill(_ process: Int) {
        guard processes.removeValue(forKey: process) != nil else { return }
        note(process, "is killed")
        locks = locks.filter { $0.value >> 32 != process }
    }

    mutating func losePower() {
        note(0, "power loss")
        processes.removeAll()
        locks.removeAll()
        boot += 1
        let survival = random.oneIn(2) ? .anyPart : Survival.allCases[random.below(3)]
        tree.losePower(survival, &random)
        for inode in contents.keys.sorted() { contents[inode]?.losePower(survival, &random) }
    }

    /// A process has been told that something will stand.
    mutating func promise(to process: Int) {
        guard let left = processes[process]?.faults.fatalPromise else { return }
        if left > 1 { processes[process]?.faults.fatalPromise = left - 1 } else { losePower() }
    }

    mutating func lockNumber(_ process: Int) -> Int {
        defer { nextLock += 1 }
        return process << 32 | nextLock
    }

    /// The content of an open file, some of whose pages may have been evicted.
    mutating func touch(_ inode: Inode) {
        if random.oneIn(8) { contents[inode]?.evict() }
    }

    /// A failed or broken-off sync. `touch` may have let pages go before it, never in it.
    mutating func failSync(_ inode: Inode) { contents[inode]?.failSync(&random) }

    mutating func note(_ process: Int, _ text: @autoclosure () -> String) {
        if traces { trace.append("process \(process): \(text())") }
    }

    func living(_ process: Int, _ operation: FileError.Operation, _ path: String) throws(FileError) {
        guard processes[process] != nil else {
            throw FileError(operation, path, code: SimulatedFileSystem.processDeath)
        }
    }

    /// Does one counted operation with whatever fault strikes it. `effect` changes the machine by the whole operation,
    /// or by a part of it.
    mutating func perform(
        _ process: Int, _ operation: FileError.Operation, _ path: String,
        _ detail: String = "",
        _ effect: (inout SimulatedMachine, _ isWhole: Bool) throws(FileError) -> Void
    ) throws(FileError) {
        try living(process, operation, path)
        processes[process]?.operations += 1
        let number = processes[process]?.operations ?? 0
        let fault = processes[process]?.faults.strike(operation, number: number)
        if fault != nil { processes[process]?.metFaults = true }
        note(process, "\(number) \(operation.rawValue) \(path)\(detail)" + (fault.map { " — \($0)" } ?? ""))
        switch fault {
        case nil:
            try effect(&self, true)
        case .kill(let moment), .powerLoss(let moment):
            do throws(FileError) {
                switch moment {
                case .before: break
                // A sync that is broken off leaves its pages dirty, unless it was about to fail.
                case .middle: if operation != .sync || random.oneIn(2) { try effect(&self, false) }
                case .after: try effect(&self, true)
                }
            } catch {
                note(process, "\(number) would have failed: \(error)")
            }
            if case .kill = fault { kill(process) } else { losePower() }
            throw FileError(operation, path, code: SimulatedFileSystem.processDeath)
        case .outOfSpace:
            if operation == .write { try effect(&self, false) }
            throw FileError(operation, path, code: ENOSPC)
        case .inputOutput, .failedSync:
            if operation == .write || operation == .sync { try effect(&self, false) }
            throw FileError(operation, path, code: EIO)
        }
    }
}
