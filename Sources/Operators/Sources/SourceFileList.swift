import HostSystem
import Synchronization

/// The files of one source, by the number of the ledger's input. Files are added and grow; none is taken away.
final class SourceFileList: Sendable {
    struct Entry: Sendable {
        var path: String
        /// 0: not known yet.
        var identity: UInt64
        /// Read up to here.
        var limitBytes: Int
        var proof = FilePosition.Proof()
    }

    /// Nothing is written into the files any more: a last line without an end is a line.
    let endsForGood: Bool
    private let entries = Mutex<[Entry]>([])

    init(endsForGood: Bool) { self.endsForGood = endsForGood }

    var all: [Entry] { entries.withLock { $0 } }

    func entry(_ input: Int) -> Entry { entries.withLock { $0[input] } }

    func append(_ entry: Entry) { entries.withLock { $0.append(entry) } }

    func update(_ input: Int, _ change: (inout Entry) -> Void) { entries.withLock { change(&$0[input]) } }
}
