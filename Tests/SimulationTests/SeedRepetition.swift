import Simulation
import Testing

/// A second run does the same as the first, wherever in the heap things lie: not even the room that an array has got, or the
/// order in which a dictionary gives its elements, may decide anything.
func expectToRepeat<Violation: Equatable>(
    _ seeds: some Sequence<UInt64>, _ run: (_ seed: UInt64, _ trace: @escaping ([String]) -> Void) -> Violation?
) {
    for seed in seeds {
        let traces = Traces()
        let first = run(seed) { traces.all.append($0) }
        let disorder = HeapDisorder(seed: seed)
        let second = withExtendedLifetime(disorder) { run(seed) { traces.all.append($0) } }
        #expect(first == second, "seed \(seed)")
        #expect(traces.all.count == 2 && traces.all[0] == traces.all[1], "seed \(seed)")
        #expect(!traces.all[0].isEmpty)
    }
}

private final class Traces { var all: [[String]] = [] }
