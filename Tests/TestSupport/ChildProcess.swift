import Glibc
import Synchronization

// A program under test, as the system runs it: started by posix_spawn, its two outputs read through pipes by the thread
// that waits for it. No test sleeps; a bound on the whole run turns a hang into a failure.

package final class ChildProcess {
    package enum Ending: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)
    }

    package enum Failure: Error, CustomStringConvertible {
        case couldNotStart(program: String, code: Int32)
        case ranTooLong(seconds: Int, messages: String)

        package var description: String {
            switch self {
            case .couldNotStart(let program, let code):
                "could not start \(program): \(String(cString: strerror(code)))"
            case .ranTooLong(let seconds, let messages):
                "still running after \(seconds) s; it has said: \(messages)"
            }
        }
    }

    /// What it has written to standard output so far.
    package private(set) var output: [UInt8] = []
    /// What it has written to standard error so far.
    package private(set) var messages: [UInt8] = []

    package let processID: pid_t
    private var outputPipe: Int32
    private var messagesPipe: Int32
    private var ending: Ending?
    private let boundSeconds: Int
    private let deadline: Int

    /// Starts `program` (a path) in `directory`, with our own environment and `environment` over it.
    package init(
        _ program: String, _ arguments: [String], in directory: String, environment: [String: String] = [:],
        boundSeconds: Int = 120
    ) throws(Failure) {
        self.boundSeconds = boundSeconds
        deadline = Self.nowSeconds() + boundSeconds
        var failure: Int32 = 0
        var child: pid_t = 0
        var outputEnds: [Int32] = [-1, -1]
        var messageEnds: [Int32] = [-1, -1]
        Self.starting.withLock { _ in
            Self.makePipe(&outputEnds, &failure)
            Self.makePipe(&messageEnds, &failure)
            if failure == 0 {
                failure = Self.spawn(
                    program, arguments, directory, environment, outputEnds[1], messageEnds[1], &child)
            }
            for end in [outputEnds[1], messageEnds[1]] where end >= 0 { close(end) }
        }
        if failure != 0 {
            for end in [outputEnds[0], messageEnds[0]] where end >= 0 { close(end) }
            throw .couldNotStart(program: program, code: failure)
        }
        processID = child
        outputPipe = outputEnds[0]
        messagesPipe = messageEnds[0]
    }

    deinit {
        if ending == nil {
            Glibc.kill(processID, SIGKILL)
            reap()
        }
        for pipe in [outputPipe, messagesPipe] where pipe >= 0 { close(pipe) }
    }

    package func send(_ signal: Int32) {
        if ending == nil { Glibc.kill(processID, signal) }
    }

    /// Reads what it writes until `isReached`, which is asked after every piece. False: it ended before.
    package func read(until isReached: (ChildProcess) -> Bool) throws(Failure) -> Bool {
        while true {
            if isReached(self) { return true }
            if try !readPiece() { return false }
        }
    }

    /// Reads to its end.
    @discardableResult package func wait() throws(Failure) -> Ending {
        while try readPiece() {}
        return reap()
    }

    /// Reads on for at most so long. How it has ended; nil: it has not.
    package func ending(withinMilliseconds bound: Int32) throws(Failure) -> Ending? {
        if try readPiece(withinMilliseconds: bound) { return nil }
        return reap()
    }

    /// SIGSTOP has reached it.
    package var isStopped: Bool {
        guard ending == nil, let file = fopen("/proc/\(processID)/stat", "r") else { return false }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 512)
        let count = fread(&text, 1, text.count, file)
        let stat = String(decoding: text.prefix(count), as: UTF8.self)
        // "id (name) state …"; a name may have anything in it.
        return stat.split(separator: ")").last?.hasPrefix(" T") == true
    }

    /// The ended lines of standard error so far.
    package var messageLines: [String] {
        guard let end = messages.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return messages[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    package var messageText: String { String(decoding: messages, as: UTF8.self) }
    package var outputText: String { String(decoding: output, as: UTF8.self) }

    @discardableResult private func reap() -> Ending {
        if let ending { return ending }
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        let ending: Ending = signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
        self.ending = ending
        return ending
    }

    /// Waits for the next bytes of either pipe. False: both have ended.
    private func readPiece(withinMilliseconds bound: Int32? = nil) throws(Failure) -> Bool {
        var polled = [outputPipe, messagesPipe].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if polled.allSatisfy({ $0.fd < 0 }) { return false }
        let rest = deadline - Self.nowSeconds()
        let ready = rest > 0 ? poll(&polled, 2, bound ?? Int32(clamping: rest * 1000)) : 0
        if ready == 0 {
            if bound != nil, rest > 0 { return true }
            Glibc.kill(processID, SIGKILL)
            throw .ranTooLong(seconds: boundSeconds, messages: messageText)
        }
        if polled[0].revents != 0 { Self.drain(&outputPipe, into: &output) }
        if polled[1].revents != 0 { Self.drain(&messagesPipe, into: &messages) }
        return true
    }

    private static func drain(_ pipe: inout Int32, into bytes: inout [UInt8]) {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(pipe, &piece, piece.count)
        if count > 0 {
            bytes.append(contentsOf: piece.prefix(count))
        } else if count == 0 || errno != EINTR {
            close(pipe)
            pipe = -1
        }
    }

    private static func nowSeconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec
    }

    /// Held while pipes are made and a child is started: another child that inherited their writing ends would keep them
    /// from ending.
    private static let starting = Mutex(())

    private static func makePipe(_ ends: inout [Int32], _ failure: inout Int32) {
        guard pipe(&ends) == 0 else {
            failure = errno
            return
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ directory: String, _ environment: [String: String],
        _ output: Int32, _ messages: Int32, _ child: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, messages, 2)
        // A thread of the tests' blocks signals, which its children would too.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // A shell changes the directory and becomes the program: same process, same id.
        let shell = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory, program]
        var argumentPointers = (shell + arguments).map { strdup($0) } + [nil]
        var environmentPointers = self.environment(over: environment).map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        return posix_spawn(&child, shell[0], &actions, &attributes, &argumentPointers, &environmentPointers)
    }

    private static func environment(over changes: [String: String]) -> [String] {
        var all: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let name = text.prefix { $0 != "=" }
            if changes[String(name)] == nil { all.append(text) }
            next += 1
        }
        return all + changes.map { "\($0.key)=\($0.value)" }
    }
}
