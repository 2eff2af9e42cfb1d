import Columnar
import Operators

// What a window aggregate must give, row by row: each row goes to every window that holds its time and has not ended for
// it. Windows as Flink computes them (`TimeWindow.getWindowStartWithOffset`), in 128 bits.

struct WindowReference {
    var size: Int64
    var slide: Int64
    var offset: Int64 = 0

    var assigner: WindowAssigner {
        size == slide ? .tumble(size: size, offset: offset) : .hop(size: size, slide: slide, offset: offset)
    }

    /// Starts and ends, ascending.
    func windows(of time: Int64) -> [(start: Int128, end: Int128)] {
        let (time, offset) = (Int128(time), Int128(offset))
        let (size, slide) = (Int128(size), Int128(slide))
        let remainder = (time - offset) % slide
        var start = remainder < 0 ? time - (remainder + slide) : time - remainder
        var windows: [(start: Int128, end: Int128)] = []
        while start > time - size {
            windows.append((start, start + size))
            start -= slide
        }
        return windows.reversed()
    }

    /// Rows as `start,end,time,keys…,results…`.
    ///
    /// - Parameter times: of each row, and the watermark it came at.
    func outcome(
        times: [Int64], watermarks: [Int64], keys: [Column], calls: [AggregateCall], columns: [Column]
    ) -> WindowOutcome {
        var groups: [String: [Int]] = [:]
        var late = 0
        for row in times.indices {
            let open = windows(of: times[row]).filter { $0.end - 1 > watermarks[row] }
            if open.isEmpty { late += 1 }
            for window in open {
                let key =
                    ["\(window.start)", "\(window.end)", "\(window.end - 1)"] + keys.map { RowReader.text($0, row) }
                groups[key.joined(separator: ","), default: []].append(row)
            }
        }
        let rows = groups.map { key, rows in
            ([key] + calls.map { Self.result($0, rows, columns) }).joined(separator: ",")
        }
        return WindowOutcome(rows: rows.sorted(), lateRows: late)
    }

    static func result(_ call: AggregateCall, _ rows: [Int], _ columns: [Column]) -> String {
        guard let argument = call.argument else { return "\(rows.count)" }
        let values = rows.filter { !columns[argument].isNull($0) }
        if call.function == .count { return "\(values.count)" }
        guard !values.isEmpty else { return "null" }
        if case .string(let column) = columns[argument] {
            let texts = values.map { RowReader.text(.string(column), $0) }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return call.function == .min ? texts[0] : texts[texts.count - 1]
        }
        let numbers = values.compactMap { Int128(RowReader.text(columns[argument], $0)) }
        switch call.function {
        case .sum: return "\(numbers.reduce(0, +))"
        case .avg: return "\(numbers.reduce(0, +) / Int128(numbers.count))"
        case .min: return "\(numbers.min() ?? 0)"
        default: return "\(numbers.max() ?? 0)"
        }
    }
}
