import HostSystem

/// What a deployment comes to, as `POST /v1/plan` has it.
package struct DeploymentPlan: Equatable, Sendable {
    package struct Input: Equatable, Sendable {
        package var topic: String
        package var partitions: Int
        package var rows: Int
        /// nil: they are not counted.
        package var bytes: Int?
    }

    package struct Output: Equatable, Sendable {
        package var name: String
        package var topic: String
        package var kind: String
        package var change: String
        package var addedColumns: [String]
        package var onSwitch: String
    }

    package struct Disk: Equatable, Sendable {
        /// nil: there is no live version to take for a measure.
        package var neededBytes: Int?
        package var freeBytes: Int
        /// Of them, what is kept for what runs.
        package var reserveBytes: Int
        package var isEnough: Bool
    }

    package var job: String
    package var version: Int
    package var live: Int?
    /// first, identical, additive
    package var comparison: String
    package var planChanges: [String]
    package var inputs: [Input]
    package var outputs: [Output]
    package var rowsToReplay: Int
    package var etaSeconds: Double?
    /// nil: it is not known.
    package var disk: Disk?
    package var warnings: [String]

    package init(_ json: JSONValue) throws(MalformedAnswer) {
        job = try json.text("job")
        version = try json.integer("version")
        live = json.optionalInteger("live")
        comparison = try json.text("comparison")
        planChanges = json.texts("planChanges")
        inputs = try json.map("inputs") { (input) throws(MalformedAnswer) in
            Input(
                topic: try input.text("topic"), partitions: try input.integer("partitions"),
                rows: try input.integer("rows"), bytes: input.optionalInteger("bytes"))
        }
        outputs = try json.map("outputs") { (output) throws(MalformedAnswer) in
            Output(
                name: try output.text("name"), topic: try output.text("topic"), kind: try output.text("kind"),
                change: try output.text("change"), addedColumns: output.texts("addedColumns"),
                onSwitch: try output.text("onSwitch"))
        }
        rowsToReplay = json.optionalInteger("rowsToReplay") ?? 0
        etaSeconds = json["etaSeconds"]?.doubleValue
        disk = try json.optionalObject("disk").map { (disk) throws(MalformedAnswer) in
            Disk(
                neededBytes: disk.optionalInteger("neededBytes"), freeBytes: try disk.integer("freeBytes"),
                reserveBytes: try disk.integer("reserveBytes"), isEnough: disk["isEnough"]?.booleanValue ?? true)
        }
        warnings = json.texts("warnings")
    }

    static func read(_ json: JSONValue) throws(ToolFailure) -> DeploymentPlan {
        do throws(MalformedAnswer) {
            return try DeploymentPlan(json)
        } catch {
            throw ToolFailure(error)
        }
    }
}
