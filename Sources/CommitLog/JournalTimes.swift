import HostSystem

extension Journal {
    /// Where to begin reading for what happened at `milliseconds` and later: with a file that begins before that, or with
    /// the oldest one there is. The state at its head is of an earlier time.
    package func place(before milliseconds: Int64) throws(JournalError) -> JournalPlace {
        _ = try settle()
        let bases = try home.bases().sorted()
        var (low, high) = (0, bases.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if try JournalFileReader(home, base: bases[middle], durable: 0).state.lastMilliseconds < milliseconds {
                low = middle
            } else {
                high = middle
            }
        }
        return JournalPlace(sequence: bases.isEmpty ? 0 : bases[low])
    }
}
