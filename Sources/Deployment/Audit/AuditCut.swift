import Dataflow
import HostSystem

// Where two versions of a job are compared: both had read exactly `inputs` when their topics ended at their ends, so that
// their outputs are functions of the same rows. In JSON it is what the server answers who begins an audit.

package struct AuditCut: Equatable, Sendable {
    package struct Version: Equatable, Sendable {
        package var number: UInt32
        /// The journal's, of the checkpoint at which the version stood here.
        package var position: UInt64

        package init(_ number: UInt32, position: UInt64) {
            self.number = number
            self.position = position
        }
    }

    package struct Input: Equatable, Sendable {
        package var topic: String
        /// In hexadecimal digits.
        package var id: String
        /// By partition.
        package var ends: [UInt64]

        package init(topic: String, id: String, ends: [UInt64]) {
            self.topic = topic
            self.id = id
            self.ends = ends
        }
    }

    /// A version's topic of an output.
    package struct OutputTopic: Equatable, Sendable {
        package var topic: String
        /// By partition.
        package var ends: [UInt64]

        package init(_ topic: String, ends: [UInt64]) {
            self.topic = topic
            self.ends = ends
        }
    }

    package struct Output: Equatable, Sendable {
        /// As it is published.
        package var name: String
        /// nil: the version does not write it.
        package var old: OutputTopic?
        package var new: OutputTopic?
        /// Names of columns; none where rows are only added.
        package var key: [String]

        package init(_ name: String, old: OutputTopic?, new: OutputTopic?, key: [String]) {
            self.name = name
            self.old = old
            self.new = new
            self.key = key
        }
    }

    package var job: String
    package var old: Version
    package var new: Version
    package var inputs: [Input]
    package var outputs: [Output]

    package init(job: String, old: Version, new: Version, inputs: [Input], outputs: [Output]) {
        self.job = job
        self.old = old
        self.new = new
        self.inputs = inputs
        self.outputs = outputs
    }
}

// MARK: JSON

extension AuditCut {
    package var json: JSONValue { .object(members) }

    var members: [(String, JSONValue)] {
        [
            ("job", .string(job)), ("old", old.json), ("new", new.json),
            ("inputs", .array(inputs.map(\.json))), ("outputs", .array(outputs.map(\.json))),
        ]
    }

    /// - Errors: what is missing, by its path.
    package init(_ json: JSONValue) throws(JobFailure) {
        let whole = CutReader(json, at: "")
        job = try whole.string("job")
        old = try Version(whole.object("old"))
        new = try Version(whole.object("new"))
        inputs = []
        for input in try whole.array("inputs") { inputs.append(try Input(input)) }
        outputs = []
        for output in try whole.array("outputs") { outputs.append(try Output(output)) }
    }
}

extension AuditCut.Version {
    fileprivate var json: JSONValue { .object([("version", .integer(number)), ("position", .integer(position))]) }

    fileprivate init(_ reader: CutReader) throws(JobFailure) {
        guard let number = UInt32(exactly: try reader.integer("version")) else { throw reader.misfit("version") }
        self.init(number, position: try reader.integer("position"))
    }
}

extension AuditCut.Input {
    fileprivate var json: JSONValue {
        .object([("topic", .string(topic)), ("id", .string(id)), ("ends", AuditCut.json(ends))])
    }

    fileprivate init(_ reader: CutReader) throws(JobFailure) {
        self.init(
            topic: try reader.string("topic"), id: try reader.string("id"), ends: try reader.integers("ends"))
    }
}

extension AuditCut.OutputTopic {
    fileprivate var json: JSONValue { .object([("topic", .string(topic)), ("ends", AuditCut.json(ends))]) }

    fileprivate init?(_ reader: CutReader) throws(JobFailure) {
        if reader.isNull { return nil }
        self.init(try reader.string("topic"), ends: try reader.integers("ends"))
    }
}

extension AuditCut.Output {
    fileprivate var json: JSONValue {
        .object([
            ("name", .string(name)), ("old", old?.json ?? .null), ("new", new?.json ?? .null),
            ("key", .array(key.map { .string($0) })),
        ])
    }

    fileprivate init(_ reader: CutReader) throws(JobFailure) {
        var key: [String] = []
        for item in try reader.array("key") { key.append(try item.string()) }
        self.init(
            try reader.string("name"), old: try AuditCut.OutputTopic(reader.object("old")),
            new: try AuditCut.OutputTopic(reader.object("new")), key: key)
    }
}

extension AuditCut {
    fileprivate static func json(_ ends: [UInt64]) -> JSONValue { .array(ends.map { .integer($0) }) }
}

/// A value of the server's answer that knows where it stands.
private struct CutReader {
    private let value: JSONValue
    private let path: String

    init(_ value: JSONValue, at path: String) {
        self.value = value
        self.path = path
    }

    var isNull: Bool { value == .null }

    func misfit(_ name: String?) -> JobFailure {
        let parts = [path, name ?? ""].filter { !$0.isEmpty }
        return JobFailure(
            .conflict, "the server's answer names no cut of two versions",
            detail: "'\(parts.joined(separator: "."))' is missing, or not what it should be",
            hint: "is the server of the same version as this command?")
    }

    /// A member that is not there is null.
    func object(_ name: String) -> CutReader {
        CutReader(value[name] ?? .null, at: path.isEmpty ? name : "\(path).\(name)")
    }

    func array(_ name: String) throws(JobFailure) -> [CutReader] {
        guard let items = value[name]?.arrayValue else { throw misfit(name) }
        return items.enumerated().map { CutReader($1, at: object(name).path + "[\($0)]") }
    }

    func string() throws(JobFailure) -> String {
        guard let text = value.stringValue else { throw misfit(nil) }
        return text
    }

    func string(_ name: String) throws(JobFailure) -> String { try object(name).string() }

    func integer() throws(JobFailure) -> UInt64 {
        guard case .numeral(let text) = value, let number = UInt64(text) else { throw misfit(nil) }
        return number
    }

    func integer(_ name: String) throws(JobFailure) -> UInt64 { try object(name).integer() }

    func integers(_ name: String) throws(JobFailure) -> [UInt64] {
        var integers: [UInt64] = []
        for item in try array(name) { integers.append(try item.integer()) }
        return integers
    }
}
