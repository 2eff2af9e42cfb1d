/// Runs work beside the thread that commits.
package protocol BackgroundRunner: Sendable {
    func launch(_ name: String, _ body: sending @escaping () -> Void) -> any BackgroundWork
}

package protocol BackgroundWork {
    /// Returns when the work is done.
    func join()
}

/// A thread for each piece of work.
package struct ThreadRunner: BackgroundRunner {
    package init() {}

    package func launch(_ name: String, _ body: sending @escaping () -> Void) -> any BackgroundWork {
        WorkerThread(name: name, body)
    }
}

extension WorkerThread: BackgroundWork {}
