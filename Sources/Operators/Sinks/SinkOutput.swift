import Dataflow
import HostSystem
import KeyedState

package enum SinkOutput {
    /// Sets aside what a run has written that is given up, by what its last checkpoint says of a sink.
    /// - Returns: notices, also of what stays where it is.
    package static func setAside(
        _ part: CheckpointRecord.OperatorPart, _ files: any FileSystem
    ) throws(JobFailure) -> [String] {
        try FileSink.setAside(part.bytes, files) + TopicSink.noticesOnGivingUp(part.bytes)
    }
}
