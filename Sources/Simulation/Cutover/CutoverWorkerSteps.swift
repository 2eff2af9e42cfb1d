import CommitLog
import HostSystem

extension CutoverSteps {
    func work(_ version: UInt32, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        let worker = world.workers[Int(version) - 1]
        switch worker {
        case .runs: begin(version, world, &steps)
        case .ends(let reads, let generation, let holds):
            steps.append(end(version, reads, generation, holds, world))
        case .stands(let number):
            if attempt(of: version, world)?.number != number {
                steps.append(step(version, .learns, .runs, world))
            } else if safeguards.contains(.standTimeout) {
                steps.append(step(version, .timeOut, .releases(number), world))
            }
        case .releases(let number):
            if let journal = appending(.released(job: CutoverWorld.job, attempt: number), world) {
                var released = step(version, .releases, .runs, world)
                released.next.journal = journal
                released.wrong = wrongDecision(number, world)
                steps.append(released)
            } else {
                steps.append(step(version, .releaseRefused, .runs, world))
            }
        case .isDown: steps.append(step(version, .restarts, .runs, world))
        case .isGone: return
        }
        guard worker != .isDown, world.kills > 0 else { return }
        steps.append(death(version, .dies, .isDown, world))
        if setting.isGoneForGood { steps.append(death(version, .diesForGood, .isGone, world)) }
    }

    /// What is already decided is decided again.
    func wrongDecision(_ number: UInt64, _ world: CutoverWorld) -> String? {
        world.deployment.openAttempt?.number == number ? nil : "an attempt is decided twice"
    }

    private func step(
        _ version: UInt32, _ work: CutoverMove.Work, _ then: CutoverWorker, _ world: CutoverWorld
    ) -> CutoverStep {
        var next = world
        next.workers[Int(version) - 1] = then
        var (reads, stands) = (CutoverPosition(), false)
        if case .ends(let position, _, let holds) = work == .beginsEpoch ? then : world.workers[Int(version) - 1] {
            (reads, stands) = (position, holds != nil)
        }
        return CutoverStep(
            move: .worker(
                version: UInt8(version), work, shared: UInt8(reads.shared), own: UInt8(reads.own), stands: stands),
            next: next)
    }

    private func death(
        _ version: UInt32, _ work: CutoverMove.Work, _ then: CutoverWorker, _ world: CutoverWorld
    ) -> CutoverStep {
        var death = step(version, work, then, world)
        death.next.kills -= 1
        return death
    }

    /// The open attempt for which the version is to stand still now: `VersionRole` of the engine.
    private func attempt(of version: UInt32, _ world: CutoverWorld) -> DeploymentState.Attempt? {
        let deployment = world.deployment
        guard let attempt = deployment.openAttempt else { return nil }
        if attempt.from == version { return attempt }
        guard attempt.to == version else { return nil }
        let fromStands = deployment.versions[attempt.from]?.holds == attempt.number
        return attempt.withoutFrom || fromStands ? attempt : nil
    }

    private func begin(_ version: UInt32, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        let deployment = world.deployment
        guard let known = deployment.versions[version], !known.isRetired else { return }
        if let attempt = attempt(of: version, world), deployment.attemptHolding(version) != nil {
            steps.append(step(version, .stands, .stands(attempt.number), world))
        }
        let limit = layout.limit(version, world, safeguards)
        let begin = { (reads: CutoverPosition, holds: UInt64?) in
            step(
                version, .beginsEpoch, .ends(reads: reads, generation: deployment.generation, holds: holds), world)
        }
        guard known.position != nil else {
            steps.append(begin(CutoverPosition(), nil))
            return
        }
        let last = layout.position(known)
        let attempt = attempt(of: version, world)
        for shared in last.shared...max(last.shared, limit.shared) {
            for own in last.own...max(last.own, limit.own) {
                let reads = CutoverPosition(shared: shared, own: own)
                // A timer's checkpoint stands where the last one stood.
                if reads != last || known.holds != nil { steps.append(begin(reads, nil)) }
                // In the shadow it stands still where it has read all that it may.
                if let attempt, attempt.from == version || reads == limit || !safeguards.contains(.standsAtLimit) {
                    steps.append(begin(reads, attempt.number))
                }
            }
        }
    }

    private func end(
        _ version: UInt32, _ reads: CutoverPosition, _ generation: UInt64, _ holds: UInt64?, _ world: CutoverWorld
    ) -> CutoverStep {
        let body = { (holds: UInt64?) in
            layout.checkpoint(version, reads, generation: generation, holds: holds, world.journal)
        }
        var (journal, then) = (appending(body(holds), world), CutoverWorker.runs)
        if let holds {
            // Where that is decided by now, the checkpoint is one as any other.
            if journal == nil { journal = appending(body(nil), world) } else { then = .stands(holds) }
        }
        guard let journal else { return step(version, .isRefused, .runs, world) }
        var ended = step(version, .ends, then, world)
        ended.next.journal = journal
        let published = layout.end(journal) - layout.end(world.journal)
        let written = layout.written(version, journal) - layout.written(version, world.journal)
        if published != (world.deployment.live == version ? written : 0) {
            ended.wrong = "what is published is not what the live version writes"
        }
        return ended
    }
}
