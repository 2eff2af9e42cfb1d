// A load on topics, and how long rows take through them. `Benchmarks/Pipelines/topics.sh` runs both ends.
//
// Rows are due at a steady rate, and carry the moment at which they are due (monotonic clock, nanoseconds), whether or not
// the sender keeps up: a stall shows in the latency of every row behind it.

import ArgumentParser
import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

@main
struct TopicLoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic-load", abstract: "A steady load on topics, and its latency.",
        subcommands: [SendCommand.self, ReceiveCommand.self])

    static func open(_ path: String) throws -> CommitLogAccess {
        let files = PosixFileSystem()
        let directory = try DataDirectory(path, files: files)
        let journal = try Journal.open(directory: directory.journal, files: files, time: SystemTime())
        return CommitLogAccess(journal: journal, directory: directory, time: SystemTime())
    }
}
