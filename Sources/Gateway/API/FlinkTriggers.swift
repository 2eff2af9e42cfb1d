import Deployment
import HostSystem
import Synchronization

/// Savepoints that were asked for and take their time: each has an id, by which it is asked after. The last ones are kept,
/// as long as the server runs.
final class FlinkTriggers: Sendable {
    enum Outcome: Sendable {
        case inProgress
        case completed(location: String?)
        case failed(OperationFailure)
    }

    private struct Known {
        /// The oldest first.
        var order: [String] = []
        var outcomes: [String: Outcome] = [:]

        var inProgress: Int {
            outcomes.values.count { if case .inProgress = $0 { true } else { false } }
        }
    }

    private static let mostKept = 1024
    /// They take threads of `Routes.blockingThreadCount`, which others need, too.
    private static let mostAtOnce = 4

    private let known = Mutex(Known())
    private let random: any RandomSource

    init(random: any RandomSource = SystemRandom()) { self.random = random }

    /// Has `work` done on a thread that may be kept waiting.
    /// - Parameter id: nil: a new one. One that is known is answered again, and nothing is begun.
    func begin(
        _ id: String?, of job: String, _ work: @escaping @Sendable () throws(OperationFailure) -> String?
    ) throws(OperationFailure) -> String {
        let id = id ?? Self.hex(random.next()) + Self.hex(random.next())
        let key = job + "/" + id
        let isNew = try known.withLock { (known) throws(OperationFailure) in
            if known.outcomes[key] != nil { return false }
            guard known.inProgress < Self.mostAtOnce else {
                throw OperationFailure(
                    .conflict, "\(Self.mostAtOnce) savepoints are being made", hint: "try again when one is complete")
            }
            known.outcomes[key] = .inProgress
            known.order.append(key)
            while known.order.count > Self.mostKept { known.outcomes[known.order.removeFirst()] = nil }
            return true
        }
        guard isNew else { return id }
        Routes.runBlocking { [self] in
            let outcome: Outcome
            do throws(OperationFailure) {
                outcome = .completed(location: try work())
            } catch {
                outcome = .failed(error)
            }
            known.withLock { if $0.outcomes[key] != nil { $0.outcomes[key] = outcome } }
        }
        return id
    }

    /// nil: there is none of this id, or it is too long ago.
    func outcome(_ id: String, of job: String) -> Outcome? { known.withLock { $0.outcomes[job + "/" + id] } }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension FlinkTriggers.Outcome {
    /// As `GET /jobs/:jobid/savepoints/:triggerid` has it.
    var json: JSONValue {
        let (status, operation): (String, JSONValue?) =
            switch self {
            case .inProgress: ("IN_PROGRESS", nil)
            case .completed(let location): ("COMPLETED", .object([("location", location.map { .string($0) } ?? .null)]))
            case .failed(let failure):
                (
                    "COMPLETED",
                    .object([
                        (
                            "failure-cause",
                            .object([
                                ("class", .string(failure.kind.rawValue)),
                                (
                                    "stack-trace",
                                    .string(
                                        [failure.message, failure.detail, failure.hint].compactMap(\.self)
                                            .joined(separator: "\n"))
                                ),
                            ])
                        )
                    ])
                )
            }
        let id = JSONValue.object([("id", .string(status))])
        return .object([("status", id)] + (operation.map { [("operation", $0)] } ?? []))
    }
}
