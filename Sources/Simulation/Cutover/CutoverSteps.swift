// What may happen next in a world, and what must never come of it.
//
// Workers: `VersionDuty` of the engine. One that runs may begin an epoch at any time, whether or not it has seen that it
// is to stand still; it reads to anywhere between its last checkpoint and its limit. Coordinators wait until both versions
// stand still, work out the difference of the two tables as they are then, and have the journal say at any later time
// what the spans of the names are: so that nothing but the journal's conditions keeps an old difference out.

import CommitLog
import HostSystem

struct CutoverStep {
    var move: CutoverMove
    var next: CutoverWorld
    /// What is wrong with it.
    var wrong: String?
}

struct CutoverSteps {
    let setting: CutoverSetting
    let safeguards: Safeguards
    let layout: CutoverLayout

    init(_ setting: CutoverSetting, _ safeguards: Safeguards) {
        self.setting = setting
        self.safeguards = safeguards
        layout = CutoverLayout(ownInput: setting.ownInput)
    }

    func first() throws(JournalRefusal) -> CutoverWorld {
        var journal = JournalState()
        var bodies = layout.topics() + [layout.deployed(1), layout.deployed(2)]
        for body in bodies { journal = try journal.appending(body, milliseconds: 0) }
        bodies = []
        if !setting.isUnbegun {
            for version in 1...2 as ClosedRange<UInt32> {
                let zero = layout.checkpoint(version, CutoverPosition(), generation: 0, holds: nil, journal)
                journal = try journal.appending(zero, milliseconds: 0)
            }
        }
        return CutoverWorld(
            journal: journal, coordinators: Array(repeating: .idle, count: setting.coordinators),
            attempts: setting.attempts, kills: setting.kills, deaths: setting.deaths,
            retirements: setting.retirements, deploysThird: setting.deploysThird)
    }

    func all(_ world: CutoverWorld) -> [CutoverStep] {
        var steps: [CutoverStep] = []
        for isOwn in [false, true] { rowArrives(isOwn, world, &steps) }
        for version in 1...2 as ClosedRange<UInt32> {
            work(version, world, &steps)
            retire(version, world, &steps)
        }
        for number in world.coordinators.indices { coordinate(number, world, &steps) }
        if world.deploysThird, let journal = appending(layout.deployed(3), world) {
            var next = world
            next.journal = journal
            next.deploysThird = false
            steps.append(CutoverStep(move: .deploysThird, next: next))
        }
        return steps
    }

    func appending(_ body: JournalEntry.Body, _ world: CutoverWorld) -> JournalState? {
        do throws(JournalRefusal) {
            return try world.journal.appending(body, milliseconds: 0, safeguards: safeguards)
        } catch {
            return nil
        }
    }

    private func rowArrives(_ isOwn: Bool, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        let published = layout.published(world.journal)
        let isLast = isOwn ? published.own == 1 || setting.ownInput == .none : published.shared == setting.rows
        guard !isLast,
            let journal = appending(
                layout.published(isOwn ? CutoverLayout.own : CutoverLayout.shared, world.journal), world)
        else { return }
        var next = world
        next.journal = journal
        steps.append(CutoverStep(move: .rowArrives(isOwn: isOwn), next: next))
    }

    private func retire(_ version: UInt32, _ world: CutoverWorld, _ steps: inout [CutoverStep]) {
        guard world.retirements > 0,
            let journal = appending(.retired(VersionName(CutoverWorld.job, version)), world)
        else { return }
        var next = world
        next.journal = journal
        next.retirements -= 1
        steps.append(CutoverStep(move: .retires(version: UInt8(version)), next: next))
    }

    // MARK: What must never be

    /// Of a state, however it came to be.
    func wrong(_ world: CutoverWorld) -> String? {
        let deployment = world.deployment
        guard let live = deployment.versions[deployment.live], !live.isRetired else {
            return "no version is live"
        }
        for (number, version) in deployment.versions where number != deployment.live && !version.isRetired {
            let (position, ahead) = (layout.position(version), layout.position(live))
            // An input that the live version does not read has no row there that it could lack.
            let sharesOwn = version.inputs.contains(CutoverLayout.own) && live.inputs.contains(CutoverLayout.own)
            if position.shared > ahead.shared || sharesOwn && position.own > ahead.own {
                return "version \(number) is ahead of the live one"
            }
        }
        guard let name = world.journal.topics[CutoverLayout.name], let span = name.spans.last,
            span.topic == CutoverLayout.output(deployment.live)
        else { return "the published name does not go on in the live version's topic" }
        let written = layout.written(deployment.live, world.journal)
        guard name.partitions[0].publishedEnd == span.starts[0].offset + written - span.starts[0].inTopic else {
            return "the published name has a gap or a repeat"
        }
        guard safeguards.contains(.atTheCut), let attempt = deployment.openAttempt,
            [attempt.from, attempt.to].allSatisfy({ deployment.versions[$0]?.holds == attempt.number })
        else { return nil }
        let isAtTheCut = deployment.stands(attempt.from) && deployment.stands(attempt.to)
        return isAtTheCut ? nil : "both versions stand still for an attempt that can never be"
    }

    /// Everybody is free, and has done what there is to do.
    func isFree(_ world: CutoverWorld) -> Bool {
        for coordinator in world.coordinators where coordinator != .idle && coordinator != .isDead { return false }
        let deployment = world.deployment
        for number in 1...2 as ClosedRange<UInt32> {
            let worker = world.workers[Int(number) - 1]
            if worker == .isGone { continue }
            guard worker == .runs, let version = deployment.versions[number] else { return false }
            if version.isRetired { continue }
            guard version.position != nil, layout.position(version) == layout.limit(number, world, safeguards) else {
                return false
            }
        }
        return true
    }

    /// Somebody may still wish for a first switch, and whoever it takes is there.
    func maySwitch(_ world: CutoverWorld) -> Bool {
        world.attempts == setting.attempts && world.workers[1] != .isGone
            && world.deployment.versions[2]?.isRetired == false && world.coordinators.contains(.idle)
    }
}
