import Dataflow
import HostSystem
import StreamSQL

/// Why the server did not do what somebody asked for.
package struct OperationFailure: Error, Sendable {
    package enum Kind: String, Sendable {
        /// What was asked for is malformed: a mistake in a job's text, an option.
        case usage
        /// There is no such job or version.
        case missing
        /// It cannot be done as things are.
        case conflict
        /// The disk, or a process.
        case failure
    }

    package var kind: Kind
    package var message: String
    package var detail: String?
    package var hint: String?
    /// Of a mistake in a job's text: all of it, for people.
    package var rendered: String?
    /// Of a mistake in a job's text: from 1.
    package var place: (line: Int, column: Int)?

    package init(_ kind: Kind, _ message: String, detail: String? = nil, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.detail = detail
        self.hint = hint
    }

    package init(_ failure: JobFailure) {
        self.init(
            failure.kind == .conflict ? .conflict : .failure, failure.message, detail: failure.detail,
            hint: failure.hint)
    }

    package init(_ error: SQLError, in text: String, called name: String) {
        self.init(.usage, error.message, detail: error.detail, hint: error.hint)
        rendered = error.rendered(file: name, source: text)
        place = error.place.map { ($0.line, $0.column) }
    }

    @discardableResult
    package static func onCatalog<Value>(
        _ body: () throws(CatalogError) -> Value
    ) throws(OperationFailure) -> Value {
        do throws(CatalogError) { return try body() } catch { throw OperationFailure(error.failure) }
    }

    package static func onJob<Value>(_ body: () throws(JobFailure) -> Value) throws(OperationFailure) -> Value {
        do throws(JobFailure) { return try body() } catch { throw OperationFailure(error) }
    }

    package var json: JSONValue {
        var error: [(String, JSONValue)] = [
            ("message", .string(message)), ("detail", detail.map { .string($0) } ?? .null),
            ("hint", hint.map { .string($0) } ?? .null), ("kind", .string(kind.rawValue)),
        ]
        if let rendered { error.append(("rendered", .string(rendered))) }
        if let place {
            error.append(("place", .object([("line", .integer(place.line)), ("column", .integer(place.column))])))
        }
        return .object([("errors", .array([.string(message)])), ("error", .object(error))])
    }
}
