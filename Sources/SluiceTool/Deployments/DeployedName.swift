import ArgumentParser
import CommitLog
import HostSystem

/// A job as a command names it: `orders`, or one version of it: `orders@2`.
package struct DeployedName: ExpressibleByArgument, Equatable {
    package var job: String
    package var version: Int?

    package init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        let named = VersionName(argument)
        job = named?.job ?? argument
        version = named.map { Int($0.number) }
    }

    /// As a request's body has it.
    var versionBody: [(String, JSONValue)] { version.map { [("version", .integer($0))] } ?? [] }
}
