import HostSystem
import KeyedState

/// Gives the keyed operators of some subtasks their state back, on any thread.
///
/// `@unchecked Sendable`: made by the thread that built the operators, which touches neither them nor `failure` before the
/// thread that runs this has been joined.
final class StateRestoration: @unchecked Sendable {
    private let operators: [any KeyedOperator]
    private let keyGroups: Range<Int>
    private let store: StateStore
    private(set) var failure: JobFailure?

    init(_ operators: [any KeyedOperator], keyGroups: Range<Int>, from store: StateStore) {
        self.operators = operators
        self.keyGroups = keyGroups
        self.store = store
    }

    func run() {
        do throws(JobFailure) {
            for keyed in operators {
                try restore(keyed)
                try keyed.finishRestore()
            }
        } catch {
            failure = error
        }
    }

    private func restore(_ keyed: any KeyedOperator) throws(JobFailure) {
        do throws(StateError) {
            for operatorID in keyed.operatorIDs {
                try store.restoreChanges(operatorID: operatorID, keyGroups: keyGroups) {
                    (change) throws(CorruptBytes) in try keyed.restore(change, of: operatorID)
                }
            }
        } catch {
            throw JobFailure.state(error)
        }
    }
}
