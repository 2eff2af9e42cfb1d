/// When a worker that ended is started again. Times in milliseconds.
package struct RestartPolicy: Hashable, Sendable {
    package var initialBackOff: Int64 = 200
    package var largestBackOff: Int64 = 60_000
    /// After so long without an end the back-off begins anew.
    package var resetAfter: Int64 = 5 * 60_000
    /// So many ends within `crashLoopWindow`, without a checkpoint between them, and no restart is tried any more. With the
    /// back-offs given here the tenth comes after at least 76 seconds: a full disk or a machine short of memory has that long.
    package var crashLoopEnds = 10
    package var crashLoopWindow: Int64 = 10 * 60_000
    /// Between SIGTERM and SIGKILL, where nobody says otherwise: the worker makes a last checkpoint.
    package var stopBound: Int64 = 30_000

    package init() {}

    /// Doubles with each restart; up to a quarter of it is taken off at random, so that workers which failed together do not
    /// come back together.
    func backOff(restart: Int, random: UInt64) -> Int64 {
        let doubled = initialBackOff.multipliedReportingOverflow(by: 1 << min(max(restart, 0), 40))
        let whole = doubled.overflow ? largestBackOff : min(doubled.partialValue, largestBackOff)
        return whole - Int64(random % UInt64(max(1, whole / 4 + 1)))
    }
}
