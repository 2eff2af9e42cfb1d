import KeyedState

/// How a run stood when a checkpoint was made; kept as the part of operator 0.
package enum RunEnding: UInt8, Sendable {
    case running = 0
    /// Stopped by a signal: the next start goes on with the same inputs.
    case stopped = 1
    /// `--available-now` came to its end: the next start looks for inputs anew.
    case drained = 2
    /// All input was read for good.
    case finished = 3

    /// The operator that stands for the run itself; a plan's operators begin at 1.
    package static let operatorID: UInt32 = 0
}

extension CheckpointRecord {
    package var ending: RunEnding {
        guard let byte = part(of: RunEnding.operatorID, subtask: 0)?.first, let ending = RunEnding(rawValue: byte)
        else {
            return .running
        }
        return ending
    }

    /// Subtasks per operator when it was made.
    package var parallelism: Int {
        guard let bytes = part(of: RunEnding.operatorID, subtask: 0), bytes.count == 3 else { return 1 }
        return Int(bytes[1]) | Int(bytes[2]) << 8
    }

    /// How the run stands, with its parallelism (two bytes, the least significant first).
    static func runPart(_ ending: RunEnding, parallelism: Int) -> OperatorPart {
        let low = UInt8(truncatingIfNeeded: parallelism)
        let high = UInt8(truncatingIfNeeded: parallelism >> 8)
        return OperatorPart(operatorID: RunEnding.operatorID, subtask: 0, bytes: [ending.rawValue, low, high])
    }
}
