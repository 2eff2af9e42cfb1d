import Columnar
import Dataflow
import HostSystem

/// Rows that a feed has made of whole records.
package struct FedRows {
    package var batch: Batch
    /// Of each row the number of its line in the input, from 1.
    package var lines: [UInt64]
    /// Of the input: all up to here is in these rows, in earlier ones, or left out.
    package var lastLine: UInt64
    package var skippedRecords: Int
}

/// A record that does not fit.
package struct BadInputRecord: Error {
    /// From 1.
    package var line: UInt64
    /// From 1, in bytes.
    package var column: Int
    package var reason: String
}

/// JSON lines or CSV, as they come in pieces, to rows. Used by one thread at a time.
package final class RecordFeed {
    package static let longestRecordBytes = 256 << 20
    package static let mostRowsPerBatch = 1 << 16

    private let scanner: any RecordScanner
    private let rowsPerBatch: Int
    /// Data, and room behind it that a scanner may read.
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var lines: UInt64 = 0

    /// - Parameter fields: columns by the names of their fields in the records, or for CSV, which has no ROWs, in their
    ///   order. The rows have their leaves.
    package init(
        _ format: SourceFormat, fields: [Field], skipsBadRecords: Bool, rowsPerBatch: Int = RecordFeed.mostRowsPerBatch
    ) {
        self.rowsPerBatch = min(rowsPerBatch, Self.mostRowsPerBatch)
        let columns = ScanColumn.leaves(of: fields)
        scanner = format.makeScanner(columns: columns, predicates: [], badRecords: skipsBadRecords ? .skip : .fail)
        buffer = .allocate(byteCount: 1 << 20, alignment: 64)
    }

    deinit { buffer.deallocate() }

    /// What comes next is another input.
    package func beginInput() {
        (start, end, lines) = (0, 0, 0)
        scanner.beginFile()
    }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        if end + bytes.count + FileBytes.readableBehind > buffer.count { makeRoom(bytes.count) }
        UnsafeMutableRawBufferPointer(rebasing: buffer[end..<end + bytes.count]).copyMemory(from: bytes)
        end += bytes.count
    }

    private func makeRoom(_ more: Int) {
        let held = end - start
        let needed = held + more + FileBytes.readableBehind
        let target =
            needed * 2 > buffer.count
            ? UnsafeMutableRawBufferPointer.allocate(
                byteCount: needed * 2, alignment: 64) : buffer
        if held > 0, let from = buffer.baseAddress, let to = target.baseAddress {
            to.copyMemory(from: from + start, byteCount: held)
        }
        if target.baseAddress != buffer.baseAddress {
            buffer.deallocate()
            buffer = target
        }
        (start, end) = (0, held)
    }

    /// Rows of whole records; nil where more bytes are needed.
    /// - Parameter isFinal: nothing follows in this input.
    package func next(isFinal: Bool) throws(BadInputRecord) -> FedRows? {
        guard start < end else { return nil }
        let outcome: ScanOutcome
        do throws(BadRecord) {
            outcome = try scanner.scan(
                UnsafeRawBufferPointer(rebasing: buffer[start..<end]), isFinal: isFinal, maxRows: rowsPerBatch)
        } catch {
            throw BadInputRecord(
                line: lines + UInt64(error.lineIndex) + 1, column: error.column, reason: error.reason)
        }
        guard outcome.consumedBytes > 0 else {
            guard end - start <= Self.longestRecordBytes else {
                throw BadInputRecord(
                    line: lines + 1, column: 1, reason: "a record of more than \(byteText(Self.longestRecordBytes))")
            }
            return nil
        }
        let numbers = outcome.lineIndexes.map { lines + UInt64($0) + 1 }
        start += outcome.consumedBytes
        lines += UInt64(outcome.consumedLines)
        return FedRows(
            batch: Batch(columns: outcome.columns, rowCount: outcome.rowCount, rowKinds: outcome.rowKinds),
            lines: numbers, lastLine: lines, skippedRecords: outcome.skippedRecords)
    }
}
