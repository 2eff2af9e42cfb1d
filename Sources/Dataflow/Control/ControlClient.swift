import HostSystem

/// What other processes ask of a running job.
extension ControlSocket {
    /// Longer than any job takes between two things that it does, if it is well.
    private static let waitSeconds = 5

    /// Asks the running job for a savepoint, and waits for it.
    /// - Parameter directory: the job's; of a version of a deployed job, the version's.
    /// - Returns: the folder; nil where no job runs there.
    package static func requestSavepoint(
        in directory: String, path: String
    ) throws(FileError) -> Result<String, JobFailure>? {
        try ask(
            .savepoint(folder: path), in: directory, waitSeconds: 0,
            silence: JobFailure(
                .conflict, "the job ended before it answered", hint: "look for the folder before asking again"))
    }

    /// What the running job has counted, as JSON: the members of `MetricsSnapshot`.
    /// - Returns: nil where no job runs there; a failure of a job that is about to begin, or to end.
    package static func requestMetrics(in directory: String) throws(FileError) -> Result<String, JobFailure>? {
        try ask(.metrics, in: directory, waitSeconds: waitSeconds, silence: noAnswer)
    }

    /// Has a version that is not live read nothing more, or go on. What it has read is still committed. One that is live, or
    /// becomes live, reads on and forgets it; so does one that starts again.
    /// - Returns: nil where no job runs there; a failure of a job that is not a version of a deployed one.
    package static func requestPace(
        in directory: String, isPaused: Bool
    ) throws(FileError) -> Result<Void, JobFailure>? {
        try ask(.pace(isPaused: isPaused), in: directory, waitSeconds: waitSeconds, silence: noAnswer)?.map { _ in }
    }

    private static let noAnswer = JobFailure(.conflict, "the job does not answer: it is about to begin, or to end")

    /// - Parameter waitSeconds: 0: as long as the job lives.
    private static func ask(
        _ request: Request, in directory: String, waitSeconds: Int, silence: JobFailure
    ) throws(FileError) -> Result<String, JobFailure>? {
        guard let connection = try LocalConnection.connect(to: directory + "/" + name) else { return nil }
        connection.limitWait(seconds: waitSeconds)
        guard connection.send(encode(request)), let answer = connection.receive() else { return .failure(silence) }
        return decodeAnswer(answer)
    }
}
