import Columnar
import HostSystem
import Operators

extension RecordScanner {
    /// Reads a file as a source does: windows of some bytes, grown where they hold no whole record. What stands behind a window
    /// in memory is hostile.
    func readAll(
        _ bytes: [UInt8], windowBytes: () -> Int = { 1 << 20 }, maxRows: () -> Int = { 1 << 20 }
    ) throws(BadRecord) -> (rows: [[String?]], lines: [Int], skipped: Int, nulled: Int) {
        var rows: [[String?]] = []
        var lines: [Int] = []
        var (at, line, skipped, nulled) = (0, 0, 0, 0)
        var window = windowBytes()
        beginFile()
        while true {
            let isFinal = at + window >= bytes.count
            let piece = Array(bytes[at..<min(bytes.count, at + window)])
            let padded = piece + (0..<64).map { [0x22, 0x0A, 0x2C, 0xFF, 0x31][$0 % 5] }
            let result: Result<ScanOutcome, BadRecord> = padded.withUnsafeBytes { raw in
                do throws(BadRecord) {
                    return .success(
                        try scan(.init(rebasing: raw[..<piece.count]), isFinal: isFinal, maxRows: maxRows()))
                } catch {
                    return .failure(error)
                }
            }
            let outcome: ScanOutcome
            switch result {
            case .success(let made): outcome = made
            case .failure(var bad):
                bad.lineIndex += line
                throw bad
            }
            for row in 0..<outcome.rowCount { rows.append(outcome.columns.map { $0.text(row) }) }
            lines += outcome.lineIndexes.map { line + Int($0) }
            skipped += outcome.skippedRecords
            nulled += outcome.nulledFields
            at += outcome.consumedBytes
            line += outcome.consumedLines
            if isFinal, at == bytes.count { return (rows, lines, skipped, nulled) }
            window = outcome.consumedBytes == 0 ? window * 2 : windowBytes()
        }
    }
}

extension Column {
    /// The value as Swift prints it, nil for NULL.
    func text(_ row: Int) -> String? {
        guard !isNull(row) else { return nil }
        switch self {
        case .boolean(let c): return "\(c.values[row])"
        case .int(let c): return "\(c.values[row])"
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c): return "\(c.values[row])"
        case .date(let c): return "\(c.values[row])"
        case .double(let c): return "\(c.values[row])"
        case .string(let c):
            return String(decoding: c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])], as: UTF8.self)
        }
    }
}
