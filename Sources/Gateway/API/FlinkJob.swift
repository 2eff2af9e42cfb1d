import HostSystem

// A version of a deployed job, as Flink's REST API shows a job (nightlies.apache.org/flink/flink-docs-stable, "REST API").
// What is no part of a version here (vertices, slots, task managers) is left out, not made up.

package struct FlinkJob: Sendable {
    /// Flink's words. Of an own kind here: SUSPENDED is stopped, and may go on.
    package enum State: String, Sendable {
        case initializing = "INITIALIZING"
        case created = "CREATED"
        case running = "RUNNING"
        case restarting = "RESTARTING"
        case cancelling = "CANCELLING"
        case canceled = "CANCELED"
        case failed = "FAILED"
        case finished = "FINISHED"
        case suspended = "SUSPENDED"

        /// It never runs again.
        var isTerminal: Bool { self == .canceled || self == .failed || self == .finished }
    }

    package let job: String
    package let version: Int
    private let status: JSONValue
    private let record: JSONValue?

    /// - Parameters:
    ///   - status: one of the `versions` of `GET /v1/deployments/:job`.
    ///   - record: the same one of `GET /v1/deployments/:job/versions`; nil where it is not known.
    package init(_ job: String, status: JSONValue, record: JSONValue?) {
        self.job = job
        version = status["version"]?.integerValue.map { Int($0) } ?? 0
        self.status = status
        self.record = record
    }

    package var name: String { "\(job)@\(version)" }

    package var id: String { Self.id(of: name) }

    /// 32 hex digits: FNV-1a of 128 bits, so that a version has the same one always.
    package static func id(of name: String) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in name.utf8 { hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    package var state: State {
        switch status["state"]?.stringValue {
        case "FAILED"?: return .failed
        case "RETIRED"?, "ABORTED"?: return .canceled
        default: break
        }
        let isWanted = status["wanted"]?.stringValue == "running"
        switch status["worker"]?["phase"]?.stringValue {
        case "starting"?: return .initializing
        case "running"?: return .running
        case "stopping"?: return .cancelling
        case "waiting"?: return .restarting
        case "failed"?: return .failed
        case "finished"?: return .finished
        default: return isWanted ? .created : .suspended
        }
    }

    // MARK: Answers

    package var idAndStatus: JSONValue {
        .object([("id", .string(id)), ("status", .string(state.rawValue))])
    }

    private func times(_ now: Int64) -> [(String, JSONValue)] {
        let since = status["since"]?.integerValue ?? now
        let start = record?["createdAt"]?.integerValue ?? since
        let end = state.isTerminal ? since : nil
        return [
            ("start-time", .integer(start)), ("end-time", .integer(end ?? -1)),
            ("duration", .integer(max(0, (end ?? now) &- start))),
        ]
    }

    /// - Parameter now: milliseconds since 1970.
    package func overview(now: Int64) -> JSONValue {
        .object(
            [("jid", .string(id)), ("name", .string(name)), ("state", .string(state.rawValue))] + times(now)
                + [("last-modification", status["since"] ?? .null)])
    }

    package func details(now: Int64) -> JSONValue {
        .object(
            [
                ("jid", .string(id)), ("name", .string(name)), ("isStoppable", .boolean(state == .running)),
                ("state", .string(state.rawValue)),
            ] + times(now) + [("now", .integer(now))])
    }

    package var configuration: JSONValue {
        let settings = (record?["settings"]?.arrayValue ?? []).compactMap { pair -> (String, JSONValue)? in
            guard let sides = pair.arrayValue, sides.count == 2, let key = sides[0].stringValue else { return nil }
            return (key, sides[1])
        }
        return .object([
            ("jid", .string(id)), ("name", .string(name)),
            ("execution-config", .object([("user-config", .object(settings))])),
        ])
    }

    package func checkpoints(now: Int64) -> JSONValue {
        let number = status["checkpoints"]?.integerValue
        let age = status["checkpointAgeMilliseconds"]?.integerValue
        let last = number.map { number in
            JSONValue.object([
                ("@class", .string("completed")), ("id", .integer(number)), ("status", .string("COMPLETED")),
                ("is_savepoint", .boolean(false)),
                ("latest_ack_timestamp", age.map { .integer(max(0, now &- $0)) } ?? .null),
            ])
        }
        return .object([
            ("counts", .object([("completed", .integer(number ?? 0))])),
            ("latest", .object([("completed", last ?? .null)])),
        ])
    }

    /// Newest first.
    /// - Parameter history: `GET /v1/deployments/:job/history`.
    package func exceptions(_ history: JSONValue) -> JSONValue {
        let exits = (history["exits"]?.arrayValue ?? [])
            .filter { $0["version"]?.integerValue == Int64(version) }
            .sorted { ($0["at"]?.integerValue ?? 0) > ($1["at"]?.integerValue ?? 0) }
        let entries = exits.map { exit -> JSONValue in
            .object([
                ("exceptionName", exit["ending"] ?? .null), ("stacktrace", .string(Self.text(exit))),
                ("timestamp", exit["at"] ?? .null),
            ])
        }
        return .object([
            ("root-exception", exits.first.map { .string(Self.text($0)) } ?? .null),
            ("timestamp", exits.first?["at"] ?? .null),
            ("exceptionHistory", .object([("entries", .array(entries)), ("truncated", .boolean(false))])),
        ])
    }

    private static func text(_ exit: JSONValue) -> String {
        let lines = (exit["lastLines"]?.arrayValue ?? []).compactMap(\.stringValue)
        return ([exit["ending"]?.stringValue ?? ""] + lines).joined(separator: "\n")
    }
}
