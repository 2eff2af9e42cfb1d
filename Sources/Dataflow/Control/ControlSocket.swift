import HostSystem

// How other processes reach a running job: `control.sock` in the job's directory. One request and one answer a connection:
//
//     request   version 1, what is wanted, and for it
//               1 a savepoint      the folder to make; empty: one under the job's directory
//               2 metrics          nothing
//               3 pace             1: read nothing more for now; 0: go on
//     answer    1, a text: the folder, the metrics as JSON, nothing; or 0, kind, message, detail, hint (empty: there is none)
//
// The thread that runs the job answers, between two things that it does: one that makes its start, or is ending, does not.

package enum ControlSocket {
    /// Called once: a text, or why there is none.
    package typealias Answer = @Sendable (Result<String, JobFailure>) -> Void

    enum Request: Equatable {
        case savepoint(folder: String)
        case metrics
        case pace(isPaused: Bool)
    }

    static let version: UInt8 = 1
    static let name = "control.sock"

    /// Serves one connection after the other, until the process ends.
    package static func serve(
        in directory: String, _ events: EventQueue, notice: @escaping @Sendable (String) -> Void
    ) {
        let listener: LocalListener
        do throws(FileError) {
            listener = try LocalListener(at: directory + "/" + name)
        } catch {
            // A job runs without it; only what others ask of the running job is not to be had.
            return notice("other commands cannot reach this run: \(error)")
        }
        _ = WorkerThread(name: "control") {
            while let connection = listener.accept() {
                // A client that says nothing keeps others waiting no longer than this.
                connection.limitWait(seconds: 5)
                guard let bytes = connection.receive() else { continue }
                // Nobody waits for the answer here: a savepoint takes its time. One that is never given closes the connection.
                answer(bytes, events) { _ = connection.send(encode($0)) }
            }
        }
    }

    private static func answer(_ bytes: [UInt8], _ events: EventQueue, _ answer: @escaping Answer) {
        let request: Request?
        do throws(CorruptBytes) {
            request = try decodeRequest(bytes)
        } catch {
            return answer(.failure(JobFailure(.conflict, "a request that cannot be read: \(error)")))
        }
        switch request {
        case .savepoint(let folder): events.post(.savepointRequested(SavepointRequest(path: folder, answer: answer)))
        case .metrics: events.post(.metricsRequested(answer))
        case .pace(let isPaused): events.post(.paceRequested(isPaused: isPaused, answer))
        case nil: answer(.failure(JobFailure(.conflict, "the running job does not know this request")))
        }
    }

    // MARK: Bytes

    static func encode(_ request: Request) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(version)
        switch request {
        case .savepoint(let folder):
            writer.write(UInt8(1))
            writer.writeString(folder)
        case .metrics: writer.write(UInt8(2))
        case .pace(let isPaused):
            writer.write(UInt8(3))
            writer.write(isPaused)
        }
        return writer.bytes
    }

    /// nil: of a version, or a kind, that is not known here.
    static func decodeRequest(_ bytes: [UInt8]) throws(CorruptBytes) -> Request? {
        var reader = ByteReader(bytes)
        let (version, wanted) = (try reader.read(UInt8.self, "version"), try reader.read(UInt8.self, "request"))
        guard version == Self.version else { return nil }
        switch wanted {
        case 1: return .savepoint(folder: try reader.readString("folder"))
        case 2: return .metrics
        case 3: return .pace(isPaused: try reader.readBool())
        default: return nil
        }
    }

    static func encode(_ result: Result<String, JobFailure>) -> [UInt8] {
        var writer = ByteWriter()
        switch result {
        case .success(let text):
            writer.write(UInt8(1))
            writer.writeString(text)
        case .failure(let failure):
            writer.write(UInt8(0))
            for text in [failure.kind.rawValue, failure.message, failure.detail ?? "", failure.hint ?? ""] {
                writer.writeString(String(text.prefix(4096)))
            }
        }
        return writer.bytes
    }

    static func decodeAnswer(_ bytes: [UInt8]) -> Result<String, JobFailure> {
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            if try reader.read(UInt8.self, "answer") == 1 { return .success(try reader.readString("answer")) }
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
