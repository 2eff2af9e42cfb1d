import Columnar
import HostSystem
import Operators
import Testing

/// Rows dealt to panes, and the panes merged, make what all rows together make.
@Suite struct AccumulatorMergingTests {
    @Test(arguments: [0, 1, 64, 300], [0, 3]) func panesMakeAWindow(rowCount: Int, nullShare: Int) throws {
        let seed = UInt64(rowCount + nullShare)
        var rows = RandomRows(seed: seed, rowCount: rowCount, nullShare: nullShare)
        let input = rows.arguments()
        let calls = RandomRows.calls(argumentsFrom: 0)
        let (groupCount, paneCount) = (5, 4)
        let groups = (0..<rowCount).map { _ in Int32(rows.random.below(groupCount)) }
        let panes = groups.map { Int32($0) * Int32(paneCount) + Int32(rows.random.below(paneCount)) }
        // Each pane is merged into its group.
        let sources = (0..<Int32(groupCount * paneCount)).map { $0 }
        let targets = sources.map { $0 / Int32(paneCount) }
        for tested in calls {
            let call = tested.call
            var paned = Accumulator(call.function, argument: tested.argumentType)
            paned.grow(to: groupCount * paneCount)
            paned.add(
                groups: panes, argument: call.argument.map { input[$0] }, selection: nil,
                wantsMaximum: call.function == .max)
            var merged = Accumulator(call.function, argument: tested.argumentType)
            merged.grow(to: groupCount)
            merged.merge(
                sources, of: paned.gathered(sources.reversed()).gathered(sources.reversed()), into: targets,
                wantsMaximum: call.function == .max)
            var overflows: [Int] = []
            let column = merged.results((0..<Int32(groupCount)).map { $0 }, of: call, overflows: &overflows)
            #expect(overflows.isEmpty)
            for group in 0..<groupCount {
                let members = groups.indices.filter { Int(groups[$0]) == group }
                #expect(
                    RowReader.text(column, group) == tested.result(input, members),
                    "\(call.function) of \(tested.argumentType), seed \(seed)")
            }
        }
    }

    /// MIN and MAX do not depend on the order of rows, though `<` says nothing of NaN and of the two zeros.
    @Test func extremesOfDoublesHaveATotalOrder() {
        let ascending: [Double] = [-.infinity, -1, -0.0, 0.0, 1, .infinity, .nan]
        for (low, high) in ascending.indices.flatMap({ low in ((low + 1)..<ascending.count).map { (low, $0) } }) {
            for rows in [[low, high], [high, low]] {
                let column = Column.double(FixedColumn(rows.map { ascending[$0] }, validity: nil))
                for (function, expected) in [(AggregateFunction.min, low), (.max, high)] {
                    let isMaximum = function == .max
                    var accumulator = Accumulator(function, argument: .double)
                    accumulator.grow(to: 1)
                    accumulator.add(groups: [0, 0], argument: column, selection: nil, wantsMaximum: isMaximum)
                    guard case .doubleExtreme(let found) = accumulator else { return #expect(Bool(false)) }
                    #expect(found.values[0].bitPattern == ascending[expected].bitPattern, "\(function) \(rows)")
                }
            }
        }
    }
}
