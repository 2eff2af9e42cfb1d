import Synchronization

/// Notices from any thread, shown by the one that runs the job.
package final class NoticeBoard: Sendable {
    private let texts = Mutex<[String]>([])

    package init() {}

    package func post(_ text: String) { texts.withLock { $0.append(text) } }

    package func takeAll() -> [String] {
        texts.withLock { texts in
            defer { texts.removeAll() }
            return texts
        }
    }
}
