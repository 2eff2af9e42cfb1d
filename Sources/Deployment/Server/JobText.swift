import Dataflow
import StreamSQL

/// A job's text, read: what a version of it would run.
struct JobText {
    let definition: JobDefinition
    let graph: JobGraph
    let deployable: DeployableJob

    /// - Errors: mistakes in the text, with their places; inputs and outputs that are no topics.
    init(_ job: String, sql: String, file: String, settings: [Setting]) throws(OperationFailure) {
        do throws(SQLError) {
            definition = try analyze(
                Array(sql.utf8), file: file, overrides: settings.map { (key: $0.key, value: $0.value) })
        } catch {
            throw OperationFailure(error, in: sql, called: file)
        }
        guard !definition.sinks.isEmpty else {
            throw OperationFailure(.usage, "'\(file)' has no INSERT: there is nothing to deploy")
        }
        if let name = definition.settings.pipelineName, name != job {
            throw OperationFailure(
                .usage, "'\(file)' says that its job is called \"\(name)\", and is deployed as \"\(job)\"",
                hint: "deploy it as \(name), or leave 'pipeline.name' out")
        }
        let definition = definition
        graph = try OperationFailure.onJob { () throws(JobFailure) in try definition.graph(job: job) }
        let graph = graph
        deployable = try OperationFailure.onJob { () throws(JobFailure) in try DeployableJob(job, graph, of: definition)
        }
    }

    static func checkName(_ name: String) throws(OperationFailure) {
        let isGood =
            !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy {
                $0 != "/" && $0 != "@" && $0 != "$" && $0.value >= 0x20 && $0.value != 0x7F
            }
        guard isGood else {
            throw OperationFailure(
                .usage, "'\(name)' cannot be the name of a job",
                hint: "a name is a folder's name without '@' and '$' that does not begin with a dot")
        }
    }
}
