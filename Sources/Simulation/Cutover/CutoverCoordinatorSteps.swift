import CommitLog
import HostSystem

extension CutoverSteps {
    func coordinate(_ number: Int, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        let coordinator = world.coordinators[number]
        switch coordinator {
        case .idle: plan(number, world, &steps)
        case .begins(let from, let to, let withoutFrom):
            let attempt = JournalEntry.Body.attempt(
                job: CutoverWorld.job, from: from, to: to, timeoutMilliseconds: 0, withoutFrom: withoutFrom)
            guard world.attempts > 0, let journal = appending(attempt, world) else {
                steps.append(step(number, .beginRefused, .idle, world))
                break
            }
            var begun = step(number, .begins, .waits(world.journal.end), world)
            begun.next.journal = journal
            begun.next.attempts -= 1
            steps.append(begun)
        case .waits(let attempt): wait(number, attempt, world, &steps)
        case .splices(let attempt, let from, let to):
            steps.append(splice(number, attempt, from, to, world))
            steps.append(step(number, .givesUp, .releases(attempt), world))
        case .releases(let attempt):
            if let journal = appending(.released(job: CutoverWorld.job, attempt: attempt), world) {
                var released = step(number, .releases, .idle, world)
                released.next.journal = journal
                released.wrong = wrongDecision(attempt, world)
                steps.append(released)
            } else {
                steps.append(step(number, .releaseRefused, .idle, world))
            }
        case .isDead: steps.append(step(number, .comesBack, .idle, world))
        }
        guard coordinator != .isDead, world.deaths > 0 else { return }
        var death = step(number, .dies, .isDead, world)
        death.next.deaths -= 1
        steps.append(death)
    }

    private func step(
        _ number: Int, _ step: CutoverMove.Coordination, _ then: CutoverCoordinator, _ world: CutoverWorld
    ) -> CutoverStep {
        var next = world
        next.coordinators[number] = then
        return CutoverStep(move: .coordinator(UInt8(number), step), next: next)
    }

    private func plan(_ number: Int, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        guard world.attempts > 0 else { return }
        let live = world.deployment.live
        steps.append(step(number, .plans, .begins(from: live, to: 3 - live, withoutFrom: false), world))
        guard setting.leavesWithoutFrom else { return }
        steps.append(step(number, .plansWithoutFrom, .begins(from: live, to: 3 - live, withoutFrom: true), world))
    }

    private func wait(_ number: Int, _ attempt: UInt64, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        steps.append(step(number, .givesUp, .releases(attempt), world))
        let deployment = world.deployment
        guard let open = deployment.openAttempt, open.number == attempt, let from = deployment.versions[open.from],
            let to = deployment.versions[open.to]
        else {
            steps.append(step(number, .seesItDecided, .idle, world))
            return
        }
        let bothStand = to.holds == attempt && (open.withoutFrom || from.holds == attempt)
        let bothAreAtTheCut = deployment.stands(open.from) && deployment.stands(open.to)
        guard safeguards.contains(.bothStand) ? bothStand : bothAreAtTheCut else { return }
        let then = CutoverCoordinator.splices(attempt, from: layout.position(from), to: layout.position(to))
        steps.append(step(number, .measures, then, world))
    }

    /// - Parameter from: where both versions stood when the difference was worked out.
    private func splice(
        _ number: Int, _ attempt: UInt64, _ from: CutoverPosition, _ to: CutoverPosition, _ world: CutoverWorld
    ) -> CutoverStep {
        let spans = world.journal.splices(of: CutoverWorld.job, differences: [:])
        guard let journal = appending(.spliced(job: CutoverWorld.job, attempt: attempt, spans), world) else {
            return step(number, .spliceRefused, .idle, world)
        }
        var spliced = step(number, .splices, .idle, world)
        spliced.next.journal = journal
        spliced.wrong = wrongDecision(attempt, world) ?? wrongSplice(from, to, world)
        return spliced
    }

    private func wrongSplice(_ from: CutoverPosition, _ to: CutoverPosition, _ world: CutoverWorld) -> String? {
        let deployment = world.deployment
        guard let attempt = deployment.attempt, let old = deployment.versions[attempt.from],
            let new = deployment.versions[attempt.to]
        else { return "versions are switched without an attempt" }
        if deployment.live != attempt.from { return "a difference from a version that is not live is published" }
        if layout.position(old) != from { return "a difference is published behind rows that it does not know" }
        if layout.position(new) != to { return "the new version has gone on since the difference was worked out" }
        if from.shared != to.shared { return "the versions are switched at different places" }
        return nil
    }
}
