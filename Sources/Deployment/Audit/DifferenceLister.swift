import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

/// Hands on each difference of an output, as a comparison meets it.
package final class DifferenceLister: OutputObserver {
    private let describer: DifferenceDescriber
    private let take: (DifferenceSample) -> Bool
    private var isEnough = false

    /// - Parameter take: false: no more are wanted.
    package init(of rows: OutputRows, _ take: @escaping (DifferenceSample) -> Bool) {
        describer = DifferenceDescriber(rows.columns)
        self.take = take
    }

    package func take(_ rows: Batch, ofNew: Bool) {}

    package func take(_ rows: DifferentRows) {
        for row in 0..<rows.rowCount where !isEnough {
            isEnough = !take(describer.sample(rows, row, isExpected: false))
        }
    }
}
