import HostSystem
import Simulation
import Testing

@Suite struct DeploymentSimulationTests {
    /// In eight parts that run beside each other.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func whatIsPublishedIsTheLiveVersionsTable(part: UInt64) {
        for seed in part * 10..<(part + 1) * 10 {
            if let violation = DeploymentSimulation.run(seed: seed) {
                Issue.record("\(violation.report)")
                return
            }
        }
    }

    @Test(arguments: KeptSeeds.ofDeployments) func whatHasFailedOnceDoesNotFailAgain(seed: UInt64) {
        if let violation = DeploymentSimulation.run(seed: seed) { Issue.record("\(violation.report)") }
    }

    /// A simulation in which nobody switches would prove nothing.
    @Test func versionsAreSwitched() {
        let switches = (0..<20 as Range<UInt64>).map { DeploymentSimulation.switches(seed: $0) }
        #expect(switches.reduce(0, +) > 20, "\(switches)")
        #expect(switches.contains { $0 > 2 }, "\(switches)")
    }

    /// 8 goes another way where differences that are left over are removed in the order of a dictionary.
    @Test func aSeedRepeatsItself() {
        expectToRepeat(Array(0..<5) + [8]) { DeploymentSimulation.run(seed: $0, trace: $1) }
    }
}
