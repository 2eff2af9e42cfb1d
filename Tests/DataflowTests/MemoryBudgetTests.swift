import Dataflow
import Testing

@Suite struct MemoryBudgetTests {
    @Test func theLargestOperatorIsNamedWhenTheBudgetIsPassed() throws {
        let budget = MemoryBudget(limitBytes: 1 << 30)
        try budget.report(2, "GroupAggregate[2]", bytes: 700 << 20)
        let failure = #expect(throws: JobFailure.self) { try budget.report(5, "GroupAggregate[5]", bytes: 400 << 20) }
        #expect(failure?.kind == .memory)
        #expect(failure?.message == "state does not fit in memory: GroupAggregate[2] holds 700 MiB")
    }

    @Test func whatAnOperatorLetsGoIsFreeAgain() throws {
        let budget = MemoryBudget(limitBytes: 1 << 30)
        try budget.report(0, "a", bytes: 900 << 20)
        try budget.report(0, "a", bytes: 1 << 20)
        #expect(try budget.report(1, "a", bytes: 900 << 20) == 901 << 20)
    }

    @Test(arguments: [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"), (3 << 30, "3 GiB"),
    ])
    func sizesReadWell(bytes: Int, text: String) { #expect(byteText(bytes) == text) }
}
