import HostSystem

/// What goes wrong at one file operation of a process. Operations that change something are counted from 1; looking
/// changes nothing and is not counted.
package struct Fault: Equatable, Sendable {
    package enum Moment: CaseIterable, Sendable {
        case before
        /// Some of it has happened: a prefix of a write, a part of what a sync writes.
        case middle
        case after
    }

    package enum Kind: Equatable, Sendable {
        /// The process dies; the page cache stays, its locks are freed.
        case kill(Moment)
        /// The machine stops: of everything unsynced, any part is left. All processes die, the boot identity changes.
        case powerLoss(Moment)
        /// A sync writes any part, says so, and leaves all pages clean: the next sync has nothing to write.
        case failedSync
        /// A prefix of a write, then ENOSPC; or a name that finds no room.
        case outOfSpace
        /// Any part of a write, then EIO; another operation does nothing and fails.
        case inputOutput
    }

    package var kind: Kind
    /// The fault strikes at the first operation it can strike that has this number or a later one.
    package var operation: Int
    /// It waits for one of these; nil: for none.
    package var awaited: FileError.Operation?

    package init(_ kind: Kind, at operation: Int, awaiting awaited: FileError.Operation? = nil) {
        self.kind = kind
        self.operation = operation
        self.awaited = awaited
    }

    func strikes(_ candidate: FileError.Operation) -> Bool {
        if let awaited, candidate != awaited { return false }
        return switch kind {
        case .kill, .powerLoss: true
        case .failedSync: candidate == .sync
        case .outOfSpace: candidate == .write || candidate == .open || candidate == .makeDirectory
        case .inputOutput: candidate != .sync && candidate != .syncDirectory
        }
    }
}

/// The faults that one process meets, in the order in which they strike.
package struct FaultPlan: Equatable, Sendable {
    package var faults: [Fault]
    /// The power goes when the process has been promised something so many times; nil: whenever.
    var fatalPromise: Int?

    package static let none = FaultPlan([])

    package init(_ faults: [Fault]) { self.faults = faults }

    /// Up to three faults of the given kinds within the first `operations` operations, the last one deadly. Early ones are
    /// struck more often: there what others have left is taken over. Most deaths come at a sync, where what was done
    /// and what will be left of it differ most; or the power goes when something was promised.
    package init(
        drawnFrom random: inout SplitMix64, within operations: Int, kills: Bool, powerLoss: Bool, errors: Bool
    ) {
        faults = []
        if errors, random.oneIn(2) {
            for _ in 0...random.below(2) {
                let kind: Fault.Kind =
                    switch random.below(4) {
                    case 0: .outOfSpace
                    case 1: .inputOutput
                    default: .failedSync
                    }
                faults.append(Fault(kind, at: FaultPlan.moment(within: operations, &random)))
            }
        }
        let moment = Fault.Moment.allCases[random.below(3)]
        let at = FaultPlan.moment(within: operations, &random)
        let awaited: FileError.Operation? = [nil, .sync, .syncDirectory][random.below(3)]
        if powerLoss, random.oneIn(3) {
            faults.append(Fault(.powerLoss(moment), at: at, awaiting: awaited))
        } else if powerLoss, random.oneIn(3) {
            fatalPromise = 1 + random.below(3)
        } else if kills {
            faults.append(Fault(.kill(moment), at: at, awaiting: awaited))
        }
    }

    private static func moment(within operations: Int, _ random: inout SplitMix64) -> Int {
        1 + random.below(max(1, operations >> random.below(4)))
    }

    /// The fault that strikes now, if one does; it does not strike again.
    mutating func strike(_ candidate: FileError.Operation, number: Int) -> Fault.Kind? {
        guard let index = faults.firstIndex(where: { $0.operation <= number && $0.strikes(candidate) }) else {
            return nil
        }
        return faults.remove(at: index).kind
    }
}
