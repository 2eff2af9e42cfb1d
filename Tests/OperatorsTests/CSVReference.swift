import Columnar
import Operators

/// CSV read byte by byte into strings: what `CSVScanner` must agree with.
struct CSVReference {
    var fields: [Field]
    var options: CSVReadOptions
    /// Rows are kept where this BIGINT field is greater than the number.
    var filter: (field: Int, above: Int64)?

    struct Reading: Equatable {
        var rows: [[String?]] = []
        var lines: [Int] = []
        var skipped = 0
        var nulled = 0
        /// The lines of the first bad record, where it ends the reading.
        var badLines: Range<Int>?
    }

    private enum Cut {
        case record([(text: [UInt8], isQuoted: Bool)], next: Int)
        case nothing(next: Int)
        case fault(next: Int)
    }

    func read(_ bytes: [UInt8]) -> Reading {
        var reading = Reading()
        var at = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var line = 0
        var isHeader = options.skipHeader
        while at < bytes.count {
            let start = at
            let cut = cutRecord(bytes, start)
            switch cut {
            case .record(_, let next), .nothing(let next), .fault(let next): at = next
            }
            let lines = lineCount(bytes[start..<at])
            defer { line += lines }
            if case .nothing = cut { continue }
            defer { isHeader = false }
            var isBad = String(validating: bytes[start..<at], as: UTF8.self) == nil
            if case .record(let cells, _) = cut, !isBad {
                if isHeader || (cells.count == 1 && cells[0].text.isEmpty && !cells[0].isQuoted && fields.count > 1) {
                    continue
                }
                isBad = !take(cells, line, &reading)
            } else {
                isBad = true
            }
            guard isBad else { continue }
            if isHeader || (options.badRecords == .fail && !options.ignoreParseErrors) {
                reading.badLines = line..<line + lines
                return reading
            }
            reading.skipped += 1
        }
        return reading
    }

    /// false: the record is bad.
    private func take(_ given: [(text: [UInt8], isQuoted: Bool)], _ line: Int, _ reading: inout Reading) -> Bool {
        var cells = given
        if cells.count == fields.count + 1, let last = cells.last, last.text.isEmpty, !last.isQuoted {
            cells.removeLast()
        }
        guard cells.count <= fields.count else { return false }
        guard cells.count == fields.count || options.ignoreParseErrors else { return false }
        var nulled = 0
        func value(_ index: Int) -> String?? {
            guard index < cells.count else {
                nulled += 1
                return .some(nil)
            }
            let text = String(decoding: cells[index].text, as: UTF8.self)
            if text == options.nullLiteral { return .some(nil) }
            if fields[index].type == .string { return .some(text) }
            let trimmed = text.trimmingControls
            if trimmed.isEmpty { return .some(nil) }
            let known: String? =
                switch fields[index].type {
                case .bigint: Int64(trimmed).map { String($0) }
                case .boolean: ["true", "false"].contains(trimmed.lowercased()) ? trimmed.lowercased() : nil
                default: nil
                }
            if let known { return .some(known) }
            guard options.ignoreParseErrors else { return nil }
            nulled += 1
            return .some(nil)
        }
        var row = [String?](repeating: nil, count: fields.count)
        if let filter {
            guard let tested = value(filter.field) else { return false }
            row[filter.field] = tested
            guard let number = tested.flatMap({ Int64($0) }), number > filter.above else {
                reading.nulled += nulled
                return true
            }
        }
        for index in fields.indices where index != filter?.field {
            guard let value = value(index) else { return false }
            row[index] = value
        }
        reading.nulled += nulled
        reading.rows.append(row)
        reading.lines.append(line)
        return true
    }

    private func cutRecord(_ bytes: [UInt8], _ start: Int) -> Cut {
        let syntax = options.syntax
        let delimiter = syntax.fieldDelimiter
        var cells: [(text: [UInt8], isQuoted: Bool)] = []
        var at = start
        if options.allowComments {
            while at < bytes.count, bytes[at] == 0x20 { at += 1 }
            if at == bytes.count || [0x0A, 0x0D].contains(bytes[at]) { return .nothing(next: nextLine(bytes, at)) }
            if bytes[at] == 0x23 { return .nothing(next: nextLine(bytes, at)) }
        }
        while true {
            var text: [UInt8] = []
            let opening = at
            let isQuoted = at < bytes.count && bytes[at] == syntax.quote
            if isQuoted { at += 1 }
            while true {
                guard at < bytes.count else {
                    if isQuoted { return .fault(next: nextLine(bytes, opening)) }
                    break
                }
                if bytes[at] == syntax.escape {
                    at += 1
                    guard at < bytes.count else { return .fault(next: nextLine(bytes, isQuoted ? opening : at - 1)) }
                    text.append([0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x30: 0][bytes[at]] ?? bytes[at])
                    at += 1
                    continue
                }
                if isQuoted, bytes[at] == syntax.quote {
                    at += 1
                    guard at < bytes.count, bytes[at] == syntax.quote else { break }
                } else if !isQuoted, [delimiter, 0x0A, 0x0D].contains(bytes[at]) {
                    break
                }
                text.append(bytes[at])
                at += 1
            }
            if isQuoted {
                while at < bytes.count, bytes[at] <= 0x20, ![delimiter, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
                if at < bytes.count, ![delimiter, 0x0A, 0x0D].contains(bytes[at]) {
                    return .fault(next: nextLine(bytes, at))
                }
            }
            cells.append((text, isQuoted))
            guard at < bytes.count, bytes[at] == delimiter else { return .record(cells, next: nextLine(bytes, at)) }
            at += 1
        }
    }

    private func nextLine(_ bytes: [UInt8], _ from: Int) -> Int {
        var at = from
        while at < bytes.count {
            at += 1
            if bytes[at - 1] == 0x0A { return at }
            if bytes[at - 1] == 0x0D { return at < bytes.count && bytes[at] == 0x0A ? at + 1 : at }
        }
        return at
    }

    /// Line feeds inside, and the end of the record.
    private func lineCount(_ record: ArraySlice<UInt8>) -> Int {
        var body = record
        if body.last == 0x0A { body.removeLast() }
        return body.count { $0 == 0x0A } + 1
    }
}

extension String {
    fileprivate var trimmingControls: String {
        var scalars = unicodeScalars[...]
        while let first = scalars.first, first.value <= 0x20 { scalars.removeFirst() }
        while let last = scalars.last, last.value <= 0x20 { scalars.removeLast() }
        return String(scalars)
    }
}
