import HostSystem
import KeyedState

/// The channels between all subtasks of a job, by vertex and subtask.
struct Wiring {
    /// Of the thread that runs the subtasks of this index.
    let slots: [Doorbell]
    let controls: [[SubtaskControl]]
    private(set) var inputs: [[[Channel]]]
    private(set) var outputs: [[[OutputPort]]]

    static func channelCount(_ graph: JobGraph, parallelism: Int) -> Int {
        graph.vertices.flatMap(\.inputs).reduce(0) { sum, input in
            sum + (input.exchange == .forward ? parallelism : parallelism * parallelism)
        }
    }

    init(
        _ graph: JobGraph, parallelism: Int, maximumParallelism: Int, channelBytes: Int, safeguards: Safeguards = .all
    ) {
        let subtasks = 0..<parallelism
        let slots = subtasks.map { _ in Doorbell() }
        self.slots = slots
        controls = graph.vertices.map { _ in slots.map { SubtaskControl(slot: $0) } }
        inputs = graph.vertices.map { _ in subtasks.map { _ in [] } }
        outputs = graph.vertices.map { _ in subtasks.map { _ in [] } }
        for (to, vertex) in graph.vertices.enumerated() {
            for input in vertex.inputs {
                let from = input.vertex
                precondition(from < to, "a vertex reads from lower-numbered ones")
                for producer in subtasks {
                    switch input.exchange {
                    case .forward:
                        let channel = connect(from, producer, to, producer, channelBytes)
                        outputs[from][producer].append(OutputPort(forward: channel, isSide: input.isSideOutput))
                    case .keyed(let columns):
                        let channels = subtasks.map { connect(from, producer, to, $0, channelBytes) }
                        outputs[from][producer].append(
                            OutputPort(
                                keyed: columns, channels: channels, maximumParallelism: maximumParallelism,
                                safeguards: safeguards))
                    }
                }
            }
        }
    }

    private mutating func connect(_ from: Int, _ producer: Int, _ to: Int, _ consumer: Int, _ bytes: Int) -> Channel {
        let channel = Channel(
            producer: controls[from][producer].doorbell, consumer: controls[to][consumer].doorbell,
            capacityBytes: bytes)
        inputs[to][consumer].append(channel)
        return channel
    }
}
