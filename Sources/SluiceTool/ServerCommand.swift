import ArgumentParser
import Dataflow
import Deployment
import Gateway
import Glibc
import HostSystem

/// Puts together what a server is: deployments, their routes, and the sockets.
struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "The daemon of a data directory: has deployed jobs run, and serves the commands.",
        discussion: """
            One for each data directory. Each version of a job runs in a process of its own, which goes on when the server is
            killed, and is taken over by the next one. Events go to standard error, one JSON object a line. It is reached
            over a socket in the data directory, and over HTTP on 127.0.0.1.

            Example: sluice server --data ./sluice-data
            """)

    @OptionGroup var directory: DataDirectoryOption

    @Option(help: "Of HTTP, on 127.0.0.1; 0: any that is free.")
    var port = 8081

    @Option(help: "Memory of each worker, where its deploy does not say.")
    var workerMemory = ByteSize(bytes: 1 << 30)

    @Option(
        help: ArgumentHelp(
            "What happens to workers at SIGTERM and SIGINT: stop (each makes a last checkpoint), savepoint (likewise, and live versions make a savepoint before), leave (they run on).",
            valueName: "how"))
    var onShutdown = DeploymentServer.WorkersAtEnd.stop

    static let socketName = "server.sock"

    func validate() throws {
        guard 0...65_535 ~= port else { throw ValidationError("a port is between 0 and 65535") }
    }

    func run() throws {
        do throws(ToolFailure) {
            try serve()
        } catch {
            throw error.exit(.text)
        }
    }

    private func serve() throws(ToolFailure) {
        try RunSettings.checkMemory(workerMemory.bytes)
        let ends = EndSignals()
        let log = EventLog.standardError(time: SystemTime())
        let path = try Self.absolute(directory.path)
        let program = Self.program
        var configuration = DeploymentServer.Configuration(
            dataDirectory: path, workerCommand: [program, "worker"], workerMemoryBytes: workerMemory.bytes,
            engineVersion: SluiceCommand.configuration.version)
        configuration.auditCommand = [program, "audit"]
        let deployments: DeploymentServer
        do throws(OperationFailure) {
            deployments = try DeploymentServer(configuration, control: .sockets, events: log)
        } catch {
            throw ToolFailure(
                message: error.message, detail: error.detail, hint: error.hint,
                exitCode: error.kind == .conflict ? ToolFailure.conflict : 1)
        }
        let server = try listen(path, DeploymentRoutes(deployments).routes, log)
        log.info(
            "server started",
            [
                ("directory", .string(path)), ("port", .integer(server.port)), ("process", .integer(getpid())),
                ("versions", .integer(deployments.versionCount)),
            ])
        ends.wait()
        log.info("server ends", [("workers", .string(onShutdown.rawValue))])
        Self.waiting { await server.stop() }
        deployments.close(onShutdown)
    }

    private func listen(_ path: String, _ routes: Routes, _ log: EventLog) throws(ToolFailure) -> Server {
        let socket = path + "/" + Self.socketName
        let result = Self.waiting { [port] () async -> Result<Server, GatewayError> in
            do throws(GatewayError) {
                return .success(try await Server.start(socket: socket, port: port, log: log, handler: routes))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let server): return server
        case .failure(let error):
            throw ToolFailure(
                message: "\(error)", hint: "another --port, or --port 0 for any that is free",
                exitCode: ToolFailure.conflict)
        }
    }

    @discardableResult
    private static func waiting<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        DeploymentServer.waiting(body)
    }

    private static var program: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        return length > 0 ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : "sluice"
    }

    /// Workers and clients may be elsewhere.
    private static func absolute(_ path: String) throws(ToolFailure) -> String {
        do throws(FileError) { try PosixFileSystem().makeDurableDirectories(path) } catch {
            throw ToolFailure(message: "cannot make the data directory '\(path)': \(error)")
        }
        guard let real = realpath(path, nil) else {
            throw ToolFailure(message: "cannot find the data directory '\(path)': \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        return String(cString: real)
    }
}

extension DeploymentServer.WorkersAtEnd: ExpressibleByArgument {}

/// SIGINT and SIGTERM, waited for by the main thread; blocked in all that are begun later.
private struct EndSignals {
    private var set = sigset_t()

    init() {
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    func wait() {
        var set = set
        var number: Int32 = 0
        sigwait(&set, &number)
    }
}

extension WorkerControl {
    /// Over the socket in each worker's folder.
    static let sockets = WorkerControl(
        savepoint: { worker, folder in
            do throws(FileError) {
                return try ControlSocket.requestSavepoint(in: worker, path: folder)
            } catch {
                return .failure(.file(error, while: "asking a worker for a savepoint"))
            }
        },
        metrics: { worker in
            do throws(FileError) {
                guard case .success(let text) = try ControlSocket.requestMetrics(in: worker) else { return nil }
                return text
            } catch {
                return nil
            }
        },
        pace: { worker, isPaused in
            // A worker that does not hear it reads on; it is told again at the next look.
            do throws(FileError) {
                _ = try ControlSocket.requestPace(in: worker, isPaused: isPaused)
            } catch {
                return
            }
        })
}
