import CommitLog
import Deployment
import Glibc
import HostSystem

// A worker that does nothing: it holds its lock until it is told to end. `IdleWorker LOCK READY [WORD…]`: takes the lock, or
// ends with status 4 where somebody holds it; does what the words say; writes a byte to READY, a pipe; waits for SIGTERM.
//
//     exit:N          ends with status N
//     first:N:M:FILE  so it does the first M times; they are counted in FILE
//     die             ends by a signal
//     deaf            takes no notice of SIGTERM
//     tell            says what it was started with
//     chatter:N:LOG   says N lines, and moves its log away whenever that has 1000 bytes

// `IdleWorker supervise FOLDER READY`: a server that keeps one such worker running, and says what happens to it.

// `IdleWorker NAME@N --data FOLDER …`: the worker of a version in that data directory, as a server starts it; it holds the
// version's lock.

// A test that failed may leave it behind.
alarm(120)

func say(_ text: String) {
    _ = Array((text + "\n").utf8).withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

func end(_ status: Int32, _ reason: String) -> Never {
    say("error: \(reason)")
    exit(status)
}

func number(_ text: Substring) -> Int { Int(text) ?? 0 }

func supervise(_ folder: String, ready: String) throws -> Never {
    var policy = RestartPolicy()
    (policy.initialBackOff, policy.largestBackOff) = (1, 4)
    let supervisor = try Supervisor(
        try ServerLock(folder, files: files), policy: policy, lastCheckpoint: { _ in nil },
        notice: { say("\($0.event)") })
    let lock = folder + "/state/lock"
    supervisor.add(
        WorkerSpecification(
            id: VersionID("orders", 1), command: [CommandLine.arguments[0], lock, ready], workingDirectory: folder,
            lockPath: lock, logPath: folder + "/state/log"), wanted: true)
    while true { pause() }
}

let files = PosixFileSystem()
let arguments = CommandLine.arguments
guard arguments.count >= 3 else { end(64, "no lock") }
if arguments[1] == "supervise" { try supervise(arguments[2], ready: arguments[3]) }
let version = arguments[2] == "--data" ? VersionName(arguments[1]) : nil
let lockPath = version.map { VersionFolder($0, in: arguments[3]).lockPath } ?? arguments[1]
guard let lock = try files.lock(lockPath, wait: false) else { end(4, "the lock is held") }

var ending = sigset_t()
sigemptyset(&ending)
sigaddset(&ending, SIGTERM)

for word in arguments.dropFirst(version == nil ? 3 : arguments.count) {
    let parts = word.split(separator: ":")
    switch parts[0] {
    case "exit":
        end(Int32(number(parts[1])), "as told")
    case "first":
        let count = try files.status(String(parts[3]))?.sizeBytes ?? 0
        if count < number(parts[2]) {
            let file = try files.open(String(parts[3]), .createIfMissing)
            try file.write([1], at: count)
            end(Int32(number(parts[1])), "failure \(count + 1)")
        }
    case "die":
        kill(getpid(), SIGKILL)
    case "deaf":
        sigemptyset(&ending)
        sigaddset(&ending, SIGUSR1)
        signal(SIGTERM, SIG_IGN)
    case "tell":
        var blocked = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &blocked)
        var pipeAction = sigaction()
        sigaction(SIGPIPE, nil, &pipeAction)
        let open = (0..<256).filter { fcntl($0, F_GETFD) >= 0 }
        // Beside the standard ones: the lock.
        say("descriptors: \(open.count)")
        say("leads its session: \(getsid(0) == getpid())")
        say("blocks SIGUSR2: \(sigismember(&blocked, SIGUSR2) == 1)")
        say("ignores SIGPIPE: \(unsafeBitCast(pipeAction.__sigaction_handler.sa_handler, to: Int.self) == 1)")
        say("directory: \(files.workingDirectory)")
        say("COLOUR=\(getenv("COLOUR").map { String(cString: $0) } ?? "")")
        var byte: UInt8 = 0
        say("standard input: \(read(STDIN_FILENO, &byte, 1)) bytes")
    case "chatter":
        let log = WorkerLog(String(parts[2]), files: files, largestBytes: 1000)
        for index in 0..<number(parts[1]) {
            say("line \(index)")
            try log.rotateOwnOutput()
        }
    default:
        end(64, "what is \(word)?")
    }
}

sigprocmask(SIG_BLOCK, &ending, nil)
if version == nil {
    let ready = open(arguments[2], O_WRONLY)
    write(ready, "!", 1)
    close(ready)
}
var received: Int32 = 0
sigwait(&ending, &received)
say("last checkpoint")
lock.release()
exit(0)
