import HostSystem

/// How large a world of `CutoverExploration` is, and what may happen in it.
package struct CutoverSetting: Sendable, CustomStringConvertible {
    /// A topic that one of the versions reads beside the one that both read.
    package enum OwnInput: Sendable {
        case none
        /// What the first version reads, and the second not.
        case ofTheFirst
        case ofTheSecond
    }

    package enum Question: Sendable {
        /// Nothing wrong comes to be, and whatever has happened, everybody gets free again.
        case freedom
        /// While nobody has tried yet and the second version's worker is not gone, it can become live.
        case firstSwitch
    }

    package var name: String
    package var question = Question.freedom
    /// In the topic that both read.
    package var rows: UInt64 = 2
    package var ownInput = OwnInput.none
    package var coordinators = 1
    package var attempts = 2
    /// Of workers.
    package var kills = 0
    /// A killed worker may be gone for good.
    package var isGoneForGood = false
    /// Of coordinators.
    package var deaths = 0
    /// A switch may be begun without waiting for the live version, rightly or wrongly.
    package var leavesWithoutFrom = false
    /// The workers have not started yet.
    package var isUnbegun = false
    /// Somebody retires versions, as many.
    package var retirements = 0
    /// Somebody deploys a third version, which never starts.
    package var deploysThird = false

    package var description: String { name }

    package init(_ name: String, _ change: (inout CutoverSetting) -> Void) {
        self.name = name
        change(&self)
    }
}

extension CutoverSetting {
    /// Seconds, all of them together.
    package static let small = [
        CutoverSetting("two coordinators") { ($0.rows, $0.coordinators) = (1, 2) },
        CutoverSetting("faults") { ($0.rows, $0.kills, $0.deaths) = (1, 1, 1) },
        CutoverSetting("kills") { ($0.attempts, $0.kills) = (1, 2) },
        CutoverSetting("rollback") { $0.attempts = 3 },
        CutoverSetting("without the live version") { ($0.leavesWithoutFrom, $0.kills) = (true, 1) },
        CutoverSetting("an input of the first version") {
            ($0.ownInput, $0.rows, $0.leavesWithoutFrom) = (.ofTheFirst, 1, true)
        },
        CutoverSetting("an input of the second version") {
            ($0.ownInput, $0.rows, $0.kills) = (.ofTheSecond, 1, 1)
        },
        CutoverSetting("a third version") {
            ($0.ownInput, $0.rows, $0.deploysThird) = (.ofTheSecond, 1, true)
        },
        CutoverSetting("retirement") { ($0.rows, $0.retirements, $0.deaths) = (1, 1, 1) },
    ]

    /// Whether a switch stays possible.
    package static let possible = [
        CutoverSetting("the live version is gone") {
            $0.question = .firstSwitch
            ($0.attempts, $0.kills, $0.isGoneForGood, $0.leavesWithoutFrom) = (1, 1, true, true)
        },
        CutoverSetting("the live version has never begun") {
            $0.question = .firstSwitch
            ($0.attempts, $0.kills, $0.isGoneForGood, $0.leavesWithoutFrom) = (1, 1, true, true)
            $0.isUnbegun = true
        },
        CutoverSetting("the live version is gone, and had an input of its own") {
            $0.question = .firstSwitch
            ($0.attempts, $0.kills, $0.isGoneForGood, $0.leavesWithoutFrom) = (1, 1, true, true)
            $0.ownInput = .ofTheFirst
        },
        CutoverSetting("the live version is gone, and did not read all that the second reads") {
            $0.question = .firstSwitch
            ($0.attempts, $0.kills, $0.isGoneForGood, $0.leavesWithoutFrom) = (1, 1, true, true)
            $0.ownInput = .ofTheSecond
        },
    ]

    /// A minute, all of them together.
    package static let large = [
        CutoverSetting("two coordinators and all faults") {
            ($0.coordinators, $0.kills, $0.deaths, $0.leavesWithoutFrom) = (2, 1, 1, true)
            $0.rows = 1
        },
        CutoverSetting("three attempts and faults") {
            ($0.attempts, $0.kills, $0.deaths) = (3, 2, 1)
        },
        CutoverSetting("three attempts without the live version") {
            ($0.attempts, $0.kills, $0.leavesWithoutFrom, $0.isGoneForGood) = (3, 1, true, true)
        },
        CutoverSetting("an input of the first version, and retirement") {
            ($0.ownInput, $0.kills, $0.deaths, $0.retirements) = (.ofTheFirst, 1, 1, 1)
        },
        CutoverSetting("an input of the second version, and a rollback") {
            ($0.ownInput, $0.attempts, $0.kills, $0.deploysThird) = (.ofTheSecond, 3, 1, true)
        },
        CutoverSetting("three rows") { ($0.rows, $0.kills, $0.deaths) = (3, 1, 1) },
    ]
}
