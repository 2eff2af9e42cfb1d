import CKernels
import Glibc
import HostSystem

/// A process that stays the same one, whatever its id is given to later (pidfd_open(2)).
final class ProcessDescriptor {
    let processID: Int32
    /// Readable once the process has ended.
    let number: Int32

    /// nil: there is no such process any more.
    init?(_ processID: Int32) throws(SupervisionError) {
        let number = sluice_pidfd_open(processID)
        if number < 0, errno == ESRCH || errno == EINVAL { return nil }
        guard number >= 0 else { throw .noProcessDescriptors(code: errno) }
        self.processID = processID
        self.number = number
    }

    deinit { close(number) }

    /// False: it has ended, or is somebody else's.
    @discardableResult
    func send(_ signal: Int32) -> Bool { sluice_pidfd_signal(number, signal) == 0 }

    /// How a child of ours ended; `unseen` for others. Only when it has.
    func ending() -> WorkerEnding {
        var status: Int32 = 0
        while true {
            let reaped = waitpid(processID, &status, WNOHANG)
            if reaped < 0, errno == EINTR { continue }
            guard reaped == processID else { return .unseen }
            let signal = status & 0x7F
            return signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
        }
    }
}

extension WorkerSpecification {
    /// Starts the process.
    /// - Returns: its id, or the error number.
    func spawn() -> Result<Int32, SpawnFailure> {
        guard ([command, [workingDirectory, logPath]].joined().allSatisfy { !$0.utf8.contains(0) }) else {
            return .failure(SpawnFailure(code: EINVAL))
        }
        var arguments = command.map { strdup($0) } + [nil]
        var variables = Self.variables(over: environment).map { strdup($0) } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var process: Int32 = 0
        let failure = sluice_spawn(&arguments, &variables, workingDirectory, logPath, &process)
        return failure == 0 ? .success(process) : .failure(SpawnFailure(code: failure))
    }

    private static func variables(over changes: [String: String]) -> [String] {
        var all: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if changes[String(text.prefix { $0 != "=" })] == nil { all.append(text) }
            next += 1
        }
        return all + changes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}

struct SpawnFailure: Error {
    /// `errno`
    var code: Int32
}
