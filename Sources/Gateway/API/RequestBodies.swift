import Deployment
import HostSystem

// What commands send. A field of another type than it should have is refused by name; one that is not known is ignored.

extension JSONValue {
    private func value<Value>(
        _ name: String, _ kind: String, _ read: (JSONValue) -> Value?
    ) throws(OperationFailure) -> Value? {
        guard let found = self[name] else { return nil }
        if case .null = found { return nil }
        guard let value = read(found) else { throw OperationFailure(.usage, "'\(name)' is not \(kind)") }
        return value
    }

    func text(_ name: String) throws(OperationFailure) -> String? { try value(name, "a text") { $0.stringValue } }

    func number(_ name: String) throws(OperationFailure) -> Int? {
        try value(name, "a whole number") { $0.integerValue.map { Int($0) } }
    }

    /// False where it is not there.
    func flag(_ name: String) throws(OperationFailure) -> Bool {
        try value(name, "true or false") { $0.booleanValue } ?? false
    }

    fileprivate func wanted<Value>(_ name: String, _ value: Value?) throws(OperationFailure) -> Value {
        guard let value else { throw OperationFailure(.usage, "'\(name)' is missing") }
        return value
    }

    fileprivate func milliseconds(_ name: String) throws(OperationFailure) -> Int64? {
        guard let number = try number(name) else { return nil }
        guard number >= 0 else { throw OperationFailure(.usage, "'\(name)' is negative") }
        return Int64(number)
    }
}

extension DeployRequest {
    init(_ body: JSONValue) throws(OperationFailure) {
        let settings = try Self.settings(body["settings"])
        var options = DeploymentOptions()
        options.maxLagMilliseconds = try body.milliseconds("maxLagMilliseconds") ?? options.maxLagMilliseconds
        options.guardMilliseconds = try body.milliseconds("guardMilliseconds") ?? options.guardMilliseconds
        options.keepMilliseconds = try body.milliseconds("keepMilliseconds") ?? options.keepMilliseconds
        options.cutoverTimeoutMilliseconds =
            try body.milliseconds("cutoverTimeoutMilliseconds") ?? options.cutoverTimeoutMilliseconds
        options.liveLatencyMilliseconds = try body.milliseconds("liveSLOMilliseconds")
        options.memoryBytes = try body.milliseconds("memoryBytes")
        options.auditFolder = try body.text("auditFolder")
        switch try body.text("promotion") {
        case nil, "manual"?: options.promotion = .manual
        case "auto"?: options.promotion = .automatic
        case let other?: throw OperationFailure(.usage, "'promotion' is manual or auto, not '\(other)'")
        }
        self.init(
            job: try body.wanted("job", body.text("job")), sql: try body.wanted("sql", body.text("sql")),
            file: try body.text("file") ?? "job.sql", settings: settings, start: try Self.start(body),
            options: options, command: try body.text("command") ?? "deploy")
    }

    private static func start(_ body: JSONValue) throws(OperationFailure) -> StartMode {
        switch try body.text("from") {
        case nil, "beginning"?: return .beginning
        case "now"?: return .now
        case "resume"?: return .resume
        case "savepoint"?: return .savepoint(path: try body.wanted("savepoint", body.text("savepoint")))
        case let other?:
            throw OperationFailure(.usage, "'from' is beginning, now, resume or savepoint, not '\(other)'")
        }
    }

    private static func settings(_ value: JSONValue?) throws(OperationFailure) -> [Setting] {
        guard let value else { return [] }
        let malformed = OperationFailure(.usage, "'settings' is not a list of pairs of texts")
        guard let pairs = value.arrayValue else { throw malformed }
        var settings: [Setting] = []
        for pair in pairs {
            guard let sides = pair.arrayValue, sides.count == 2, let key = sides[0].stringValue,
                let setting = sides[1].stringValue
            else { throw malformed }
            settings.append(Setting(key, setting))
        }
        return settings
    }
}

extension AuditRecord {
    init(_ body: JSONValue, job: String) throws(OperationFailure) {
        guard let verdict = Verdict(rawValue: try body.wanted("verdict", body.text("verdict"))) else {
            throw OperationFailure(.usage, "'verdict' is PASS, WARN or FAIL")
        }
        func position(_ name: String) throws(OperationFailure) -> UInt64 {
            UInt64(clamping: try body.wanted(name, body.number(name)))
        }
        self.init(
            job: job, oldVersion: try body.wanted("oldVersion", body.number("oldVersion")),
            newVersion: try body.wanted("newVersion", body.number("newVersion")),
            oldPosition: try position("oldPosition"), newPosition: try position("newPosition"), verdict: verdict,
            text: try body.wanted("text", body.text("text")), json: try body.wanted("json", body.text("json")),
            at: SystemTime().wallMilliseconds(), by: .user(command: try body.text("command") ?? "audit"))
    }
}
