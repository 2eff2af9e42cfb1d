import Synchronization

/// Runs work beside the thread that commits.
package protocol BackgroundRunner: Sendable {
    func launch(_ name: String, _ body: sending @escaping () -> Void) -> any BackgroundWork
    func launch(
        _ name: String, _ weight: ThreadWeight, _ body: sending @escaping () -> Void
    ) -> any BackgroundWork
    /// Work that can wait, with little weight against all other. nil: there is such work already.
    func launchIfIdle(_ name: String, _ body: sending @escaping () -> Void) -> (any BackgroundWork)?
}

extension BackgroundRunner {
    package func launch(
        _ name: String, _: ThreadWeight, _ body: sending @escaping () -> Void
    ) -> any BackgroundWork {
        launch(name, body)
    }

    package func launchIfIdle(_ name: String, _ body: sending @escaping () -> Void) -> (any BackgroundWork)? {
        launch(name, body)
    }
}

package protocol BackgroundWork {
    /// Returns when the work is done.
    func join()
}

/// A thread for each piece of work; one for work that can wait, in the whole process.
package struct ThreadRunner: BackgroundRunner {
    private static let isBusy = Atomic<Bool>(false)

    package init() {}

    package func launch(_ name: String, _ body: sending @escaping () -> Void) -> any BackgroundWork {
        WorkerThread(name: name, body)
    }

    package func launch(
        _ name: String, _ weight: ThreadWeight, _ body: sending @escaping () -> Void
    ) -> any BackgroundWork {
        WorkerThread(name: name) {
            if weight == .little { WorkerThread.lowerWeight() }
            body()
        }
    }

    package func launchIfIdle(_ name: String, _ body: sending @escaping () -> Void) -> (any BackgroundWork)? {
        guard Self.isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return nil }
        return WorkerThread(name: name) {
            WorkerThread.lowerWeight()
            body()
            Self.isBusy.store(false, ordering: .releasing)
        }
    }
}

extension WorkerThread: BackgroundWork {}
