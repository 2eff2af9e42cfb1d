import Dataflow
import TestSupport
import Testing

@Suite struct ControlSocketTests {
    /// A job that answers as many requests as are given, whatever they are.
    private func job(_ events: EventQueue, answers: [Result<String, JobFailure>]) -> WorkerThread {
        WorkerThread(name: "job") {
            var left = answers[...]
            while let answer = left.first {
                for event in events.take(timeoutMilliseconds: nil) {
                    switch event {
                    case .savepointRequested(let request): request.answer(answer.map { $0 + request.path })
                    case .metricsRequested(let give): give(answer)
                    case .paceRequested(let isPaused, let give): give(answer.map { "\($0)\(isPaused)" })
                    default: continue
                    }
                    left.removeFirst()
                }
            }
        }
    }

    @Test func whatTheJobAnswersReachesWhoAsked() throws {
        let workspace = try Workspace()
        let events = EventQueue()
        ControlSocket.serve(in: workspace.path, events) { Issue.record("\($0)") }
        let refusal = JobFailure(.conflict, "not now", detail: "it is late", hint: "ask tomorrow")
        let thread = job(
            events,
            answers: [.success("saved to "), .success("{\"rowsIn\":7}"), .success(""), .failure(refusal)])
        #expect(try ControlSocket.requestSavepoint(in: workspace.path, path: "here") == .success("saved to here"))
        #expect(try ControlSocket.requestMetrics(in: workspace.path) == .success("{\"rowsIn\":7}"))
        let paced: Void? = try ControlSocket.requestPace(in: workspace.path, isPaused: true)?.get()
        #expect(paced != nil)
        #expect(throws: refusal) { try ControlSocket.requestPace(in: workspace.path, isPaused: false)?.get() }
        thread.join()
    }

    @Test func whereNobodyRunsNobodyAnswers() throws {
        let workspace = try Workspace()
        #expect(try ControlSocket.requestMetrics(in: workspace.path) == nil)
        #expect(try ControlSocket.requestSavepoint(in: workspace.path, path: "") == nil)
        #expect(try ControlSocket.requestPace(in: workspace.path, isPaused: true)?.get() == nil)
    }

    @Test func aSavepointThatTakesLongKeepsNobodyWaiting() throws {
        let workspace = try Workspace()
        let events = EventQueue()
        ControlSocket.serve(in: workspace.path, events) { Issue.record("\($0)") }
        let path = workspace.path
        let asker = WorkerThread(name: "asker") {
            do {
                let answer = try ControlSocket.requestSavepoint(in: path, path: "late")
                #expect(answer == .success("late"))
            } catch {
                Issue.record("\(error)")
            }
        }
        var waiting: SavepointRequest?
        while waiting == nil {
            for case .savepointRequested(let request) in events.take(timeoutMilliseconds: nil) { waiting = request }
        }
        let thread = job(events, answers: [.success("{}")])
        #expect(try ControlSocket.requestMetrics(in: path) == .success("{}"))
        thread.join()
        waiting?.answer(.success("late"))
        asker.join()
    }

    @Test func anAnswerThatIsNeverGivenIsSaidToBeNone() throws {
        let workspace = try Workspace()
        let events = EventQueue()
        ControlSocket.serve(in: workspace.path, events) { Issue.record("\($0)") }
        let job = WorkerThread(name: "job") { _ = events.take(timeoutMilliseconds: nil) }
        guard case .failure(let failure) = try ControlSocket.requestSavepoint(in: workspace.path, path: "") else {
            Issue.record("an answer")
            return
        }
        #expect(failure.message == "the job ended before it answered")
        job.join()
    }

    @Test func metricsAreOneLineOfJSON() {
        var snapshot = MetricsSnapshot()
        snapshot.rowsIn = 12
        snapshot.watermark = 5000
        snapshot.watermarkHeldBy = "partition 2 of topic \"orders\", for 3 s"
        #expect(
            snapshot.json.text == """
                {"rowsIn":12,"rowsOut":0,"stateBytes":0,"lateRows":0,"quarantinedRows":0,"skippedRecords":0,\
                "checkpoints":0,"lastCheckpointMilliseconds":0.0,"checkpointAgeMilliseconds":null,"watermark":5000,\
                "watermarkHeldBy":"partition 2 of topic \\"orders\\", for 3 s","isPaused":false}
                """)
    }
}
