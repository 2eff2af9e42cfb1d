import Dataflow
import Glibc
import HostSystem

// The supervisor's thread: it carries out what each `WorkerLife` decides, and tells it what came of that.

struct SupervisorLoop {
    struct Surroundings: Sendable {
        var policy: RestartPolicy
        var files: any FileSystem
        var time: any TimeSource
        var random: any RandomSource
        var lastCheckpoint: @Sendable (VersionID) -> UInt64?
        var notice: @Sendable (WorkerNotice) -> Void

        var now: Int64 { time.monotonicNanoseconds() / 1_000_000 }
    }

    private let mailbox: SupervisorMailbox
    private let surroundings: Surroundings
    private var workers: [VersionID: SupervisedWorker] = [:]
    private var closing: [@Sendable () -> Void] = []
    private var isClosed = false

    init(_ mailbox: SupervisorMailbox, _ surroundings: Surroundings) {
        self.mailbox = mailbox
        self.surroundings = surroundings
    }

    mutating func run() {
        while !isClosed {
            wait()
            for command in mailbox.take() { obey(command) }
            let now = surroundings.now
            for worker in workers.values where worker.life.deadline.map({ $0 <= now }) == true {
                worker.handle(.timeIsUp)
            }
        }
        for worker in workers.values { worker.abandon() }
        mailbox.close()
        for answer in closing { answer() }
    }

    /// For a command, an end, or a time limit.
    private func wait() {
        let watched = workers.values.filter { $0.process != nil }
        var polled = [pollfd(fd: mailbox.bell, events: Int16(POLLIN), revents: 0)]
        for worker in watched {
            polled.append(pollfd(fd: worker.process?.number ?? -1, events: Int16(POLLIN), revents: 0))
        }
        let limit = workers.values.compactMap(\.life.deadline).min().map { deadline in
            // A little late rather than early: no second look at the clock finds that there is time left.
            Int32(clamping: max(0, deadline.subtractingReportingOverflow(surroundings.now).partialValue))
        }
        guard poll(&polled, UInt(polled.count), limit ?? -1) > 0 else { return }
        for (worker, ready) in zip(watched, polled.dropFirst()) where ready.revents != 0 { worker.processHasEnded() }
    }

    private mutating func obey(_ command: SupervisorMailbox.Command) {
        switch command {
        case .add(let specification, let wanted):
            if let known = workers[specification.id] {
                known.specification = specification
                return known.handle(
                    wanted ? .startWanted : .stopWanted(withinMilliseconds: surroundings.policy.stopBound))
            }
            let worker = SupervisedWorker(specification, isWanted: wanted, surroundings, mailbox)
            workers[specification.id] = worker
            worker.begin()
        case .start(let id):
            workers[id]?.handle(.startWanted)
        case .stop(let id, let bound, let answer):
            guard let worker = workers[id] else { return answer(.failure(.noWorker(id))) }
            worker.stop(withinMilliseconds: bound, answer)
        case .kill(let id, let answer):
            guard let worker = workers[id] else { return answer(.failure(.noWorker(id))) }
            worker.kill(answer)
        case .remove(let id):
            workers.removeValue(forKey: id)?.abandon()
            mailbox.show(nil, of: id)
        case .lockFreed(let id, let watch):
            workers[id]?.lockIsFree(watch: watch)
        case .close(let answer):
            isClosed = true
            if let answer { closing.append(answer) }
        }
    }
}
