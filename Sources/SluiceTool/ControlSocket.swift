import Dataflow
import HostSystem

// How other commands reach a running job: `control.sock` in the job's directory. One request and one answer a connection:
//
//     request   version 1, what is wanted (1: a savepoint), and the folder to make
//     answer    1, the folder; or 0, kind, message, detail, hint (an empty text where there is none)

enum ControlSocket {
    static let version: UInt8 = 1
    static let savepoint: UInt8 = 1
    static let name = "control.sock"

    /// Serves one connection after the other, until the process ends.
    static func serve(in directory: String, _ events: EventQueue, notice: @escaping @Sendable (String) -> Void) {
        let listener: LocalListener
        do throws(FileError) {
            listener = try LocalListener(at: directory + "/" + name)
        } catch {
            // A job runs without it; only savepoints of the running job are not to be had.
            return notice("other commands cannot reach this run: \(error)")
        }
        _ = WorkerThread(name: "control") {
            while let connection = listener.accept() {
                // A client that says nothing keeps others waiting no longer than this.
                connection.limitWait(seconds: 5)
                guard let request = connection.receive() else { continue }
                _ = connection.send(answer(request, events))
            }
        }
    }

    private static func answer(_ bytes: [UInt8], _ events: EventQueue) -> [UInt8] {
        let path: String
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            let (version, wanted) = (try reader.read(UInt8.self, "version"), try reader.read(UInt8.self, "request"))
            guard version == Self.version, wanted == savepoint else {
                return encode(.failure(JobFailure(.conflict, "the running job does not know this request")))
            }
            path = try reader.readString("folder")
        } catch {
            return encode(.failure(JobFailure(.conflict, "a request that cannot be read: \(error)")))
        }
        let reply = Reply()
        events.post(.savepointRequested(SavepointRequest(path: path) { reply.give($0) }))
        return encode(reply.wait())
    }

    private static func encode(_ result: Result<String, JobFailure>) -> [UInt8] {
        var writer = ByteWriter()
        switch result {
        case .success(let path):
            writer.write(UInt8(1))
            writer.writeString(path)
        case .failure(let failure):
            writer.write(UInt8(0))
            for text in [failure.kind.rawValue, failure.message, failure.detail ?? "", failure.hint ?? ""] {
                writer.writeString(String(text.prefix(4096)))
            }
        }
        return writer.bytes
    }

    // MARK: The client

    /// Asks the running job for a savepoint, and waits for it.
    /// - Returns: nil where no job runs there.
    static func requestSavepoint(
        in directory: String, path: String
    ) throws(FileError) -> Result<String, JobFailure>? {
        guard let connection = try LocalConnection.connect(to: directory + "/" + name) else { return nil }
        var writer = ByteWriter()
        writer.write(version)
        writer.write(savepoint)
        writer.writeString(path)
        guard connection.send(writer.bytes), let answer = connection.receive() else {
            return .failure(
                JobFailure(
                    .conflict, "the job ended before it answered", hint: "look for the folder before asking again"))
        }
        return decode(answer)
    }

    private static func decode(_ bytes: [UInt8]) -> Result<String, JobFailure> {
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            if try reader.read(UInt8.self, "answer") == 1 { return .success(try reader.readString("folder")) }
            let kind = JobFailure.Kind(rawValue: try reader.readString("kind")) ?? .conflict
            let message = try reader.readString("message")
            let detail = try reader.readString("detail")
            let hint = try reader.readString("hint")
            return .failure(
                JobFailure(kind, message, detail: detail.isEmpty ? nil : detail, hint: hint.isEmpty ? nil : hint))
        } catch {
            return .failure(JobFailure(.conflict, "the job's answer cannot be read: \(error)"))
        }
    }
}
