// One state of the exploration: the journal as it is, and what everybody else knows and is about to do. Each actor's step is
// decided upon one look at the journal and done at any time after it.

import CommitLog
import HostSystem

/// What a process that runs a version is about to do.
enum CutoverWorker: Equatable {
    case runs
    /// Ends an epoch that it began under these roles, and then stands still if it has an attempt to.
    case ends(reads: CutoverPosition, generation: UInt64, holds: UInt64?)
    case stands(UInt64)
    case releases(UInt64)
    case isDown
    case isGone
}

/// What a process that switches versions is about to do.
enum CutoverCoordinator: Equatable {
    case idle
    case begins(from: UInt32, to: UInt32, withoutFrom: Bool)
    case waits(UInt64)
    /// It has the difference of what both versions' tables were when they stood there.
    case splices(UInt64, from: CutoverPosition, to: CutoverPosition)
    case releases(UInt64)
    case isDead
}

/// How many rows are read of the topic that both versions read, and of the one that one of them reads.
struct CutoverPosition: Hashable {
    var shared: UInt64 = 0
    var own: UInt64 = 0

    /// Each row that is read makes one that is written.
    var rows: UInt64 { shared + own }
}

struct CutoverWorld {
    var journal: JournalState
    var workers = [CutoverWorker.runs, .runs]
    var coordinators: [CutoverCoordinator]
    var attempts: Int
    var kills: Int
    var deaths: Int
    var retirements: Int
    var deploysThird: Bool

    static let job = "orders"

    var deployment: DeploymentState {
        guard let deployment = journal.deployments[CutoverWorld.job] else {
            preconditionFailure("the first entries deploy the job")
        }
        return deployment
    }
}

// MARK: What tells states apart

extension CutoverWorld {
    /// Two states with one key go on alike: numbers of entries and checkpoints are only ever compared for being the same, and
    /// an attempt that is not the newest is like any other such.
    func key(_ layout: CutoverLayout) -> UInt128 {
        var key = CutoverKey()
        let deployment = deployment
        let attempt = deployment.attempt
        key.put(layout.published(journal))
        key.put(layout.position(deployment.cut))
        for number in 1...2 as ClosedRange<UInt32> {
            let version = deployment.versions[number]
            key.put(version?.position != nil, version.map { layout.position($0) } ?? CutoverPosition())
            key.put(attempt: version?.holds, newest: attempt)
            key.put(version?.isRetired == true)
        }
        key.put(Int(deployment.live), below: 3)
        key.put(Int(deployment.previous ?? 0), below: 3)
        key.put(Int(attempt?.from ?? 0), below: 3)
        key.put(Int(attempt?.to ?? 0), below: 3)
        key.put(attempt?.withoutFrom == true)
        key.put(Int(attempt?.outcome.rawValue ?? 0), below: 3)
        // Whether a first switch has been is a goal.
        key.put(deployment.generation > 0)
        for worker in workers { key.put(worker, deployment) }
        for coordinator in coordinators { key.put(coordinator, attempt) }
        key.put(attempts, below: 8)
        key.put(kills, below: 8)
        key.put(deaths, below: 8)
        key.put(retirements, below: 4)
        key.put(deploysThird)
        return key.value
    }
}

/// A number in mixed radix, of digits that are the same in every state.
private struct CutoverKey {
    private(set) var value: UInt128 = 0

    mutating func put(_ digit: Int, below radix: Int) {
        precondition(digit < radix, "a digit is less than its radix")
        value = value * UInt128(radix) + UInt128(digit)
    }

    mutating func put(_ bit: Bool) { put(bit ? 1 : 0, below: 2) }

    mutating func put(_ position: CutoverPosition) {
        put(Int(position.shared), below: 4)
        put(Int(position.own), below: 2)
    }

    mutating func put(_ isThere: Bool, _ position: CutoverPosition) {
        put(isThere)
        put(position)
    }

    mutating func put(attempt number: UInt64?, newest: DeploymentState.Attempt?) {
        put(number == nil ? 0 : number == newest?.number ? 1 : 2, below: 3)
    }

    mutating func put(_ worker: CutoverWorker, _ deployment: DeploymentState) {
        let (tag, reads, isOfNow, number): (Int, CutoverPosition, Bool, UInt64?) =
            switch worker {
            case .runs: (0, CutoverPosition(), false, nil)
            case .ends(let reads, let generation, let holds): (1, reads, generation == deployment.generation, holds)
            case .stands(let number): (2, CutoverPosition(), false, number)
            case .releases(let number): (3, CutoverPosition(), false, number)
            case .isDown: (4, CutoverPosition(), false, nil)
            case .isGone: (5, CutoverPosition(), false, nil)
            }
        put(tag, below: 6)
        put(reads)
        put(isOfNow)
        put(attempt: number, newest: deployment.attempt)
    }

    mutating func put(_ coordinator: CutoverCoordinator, _ newest: DeploymentState.Attempt?) {
        let none = CutoverPosition()
        let (tag, number, from, to): (Int, UInt64?, CutoverPosition, CutoverPosition) =
            switch coordinator {
            case .idle: (0, nil, none, none)
            // Of two versions the one that is not left is gone to.
            case .begins(let from, _, let withoutFrom): (withoutFrom ? 1 : 2, nil, .init(shared: UInt64(from)), none)
            case .waits(let number): (3, number, none, none)
            case .splices(let number, let from, let to): (4, number, from, to)
            case .releases(let number): (5, number, none, none)
            case .isDead: (6, nil, none, none)
            }
        put(tag, below: 7)
        put(attempt: number, newest: newest)
        put(from)
        put(to)
    }
}
