import Columnar

// CSV to columns. Records are cut a chunk at a time (`CSVRecords.swift`); then the columns that predicates test are
// converted over the whole chunk, and the rest for the records that are kept. Where a record does not fit and is left out,
// the chunk's columns are converted once more without it.

package final class CSVScanner: RecordScanner {
    private let fields: [Field]
    private let columns: [ScanColumn]
    private let predicates: [ScanPredicate]
    private let options: CSVReadOptions
    /// One per field that somebody asks for, and its index in the table; in ascending order of index.
    private var storages: [CSVColumnStorage]
    private let wantedFields: [Int]
    /// For each scan column its storage.
    private let storageOfColumn: [Int]
    private let isTested: [Bool]
    private let slots: UnsafeMutablePointer<Int32>
    private let nullLiteral: UnsafeMutableBufferPointer<UInt8>?
    private var chunk: CSVChunk
    private var isAtStart = false
    /// Of the last call: behind what stands at the beginning of a file.
    private var recordsStart = CSVPlace()

    /// Input looked at in one call: offsets stay within 32 bits.
    private static let maximumInputBytes = 1 << 30

    /// The first field that a CSV record cannot hold.
    package static func unsupportedField(in fields: [Field]) -> Field? {
        fields.first { if case .row = $0.type { true } else { false } }
    }

    /// - Input: `tableFields` are the fields of a record in order; the paths of `columns` name one of them each.
    package init(
        tableFields: [Field], columns: [ScanColumn], predicates: [ScanPredicate], options: CSVReadOptions
    ) {
        precondition(options.syntax.problem == nil, "the binder refuses characters that cannot be told apart")
        self.fields = tableFields
        self.columns = columns
        self.predicates = predicates
        self.options = options
        let indexes = columns.map { column in
            guard column.path.count == 1, let index = tableFields.firstIndex(where: { $0.name == column.path[0] })
            else {
                preconditionFailure("a column of CSV is a field of its table: \(column.path)")
            }
            return index
        }
        let wanted = Set(indexes).sorted()
        wantedFields = wanted
        storageOfColumn = indexes.map { index in wanted.firstIndex(of: index) ?? 0 }
        storages = wanted.map { index in
            let asking = columns.indices.filter { indexes[$0] == index && columns[$0].kind == .value }
            let type = asking.first.map { columns[$0].type } ?? tableFields[index].type
            return CSVColumnStorage(type: type, isNullable: asking.allSatisfy { columns[$0].isNullable })
        }
        let tested = Set(predicates.map { indexes[$0.column] })
        isTested = wanted.map { tested.contains($0) }
        slots = .allocate(capacity: tableFields.count + 1)
        slots.initialize(repeating: Int32(wanted.count), count: tableFields.count + 1)
        for (slot, index) in wanted.enumerated() { slots[index] = Int32(slot) }
        nullLiteral = options.nullLiteral.map { literal in
            let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: literal.utf8.count)
            _ = bytes.initialize(from: literal.utf8)
            return bytes
        }
        chunk = CSVChunk(wantedCount: wanted.count)
    }

    deinit {
        for storage in storages { storage.deallocate() }
        chunk.deallocate()
        slots.deallocate()
        nullLiteral?.deallocate()
    }

    package func beginFile() { isAtStart = true }
    package func continueFile() { isAtStart = false }

    package func scan(
        _ input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int
    ) throws(BadRecord) -> ScanOutcome {
        let isWhole = input.count <= CSVScanner.maximumInputBytes
        let bytes = isWhole ? input : UnsafeRawBufferPointer(rebasing: input[..<CSVScanner.maximumInputBytes])
        for i in storages.indices { storages[i].beginScan() }
        var call = CSVScan(input: bytes, isFinal: isFinal && isWhole, maxRows: maxRows)
        if isAtStart {
            guard try passStart(&call) else { return outcome(call) }
            isAtStart = false
        }
        recordsStart = call.place
        while call.keptRows < maxRows, try scanChunk(&call) {}
        return outcome(call)
    }

    /// A byte-order mark and the header. false: the input does not hold them whole.
    private func passStart(_ call: inout CSVScan) throws(BadRecord) -> Bool {
        guard call.isFinal || call.input.count >= 3 else { return false }
        var place = CSVPlace()
        if call.input.starts(with: [0xEF, 0xBB, 0xBF]) { place.offset = 3 }
        if options.skipHeader {
            let cutter = CSVRecordCutter(
                syntax: options.syntax, allowComments: options.allowComments, fieldCount: nil,
                fillsMissingFields: false, slots: slots + fields.count)
            chunk.count = 0
            if let fault = cutter.cut(call.input, isFinal: call.isFinal, most: 1, from: &place, into: &chunk) {
                throw call.badRecord(fault, fieldCount: fields.count)
            }
            guard chunk.count == 1 || (call.isFinal && place.offset == call.input.count) else { return false }
        }
        call.place = place
        return true
    }

    /// false: no more whole records.
    private func scanChunk(_ call: inout CSVScan) throws(BadRecord) -> Bool {
        let cutter = CSVRecordCutter(
            syntax: options.syntax, allowComments: options.allowComments, fieldCount: fields.count,
            fillsMissingFields: options.ignoreParseErrors, slots: slots)
        chunk.count = 0
        let start = call.place.offset
        let fault = cutter.cut(
            call.input, isFinal: call.isFinal, most: min(chunk.capacity, call.maxRows - call.keptRows),
            from: &call.place,
            into: &chunk)
        if chunk.count > 0 { try keepRows(&call, spanBytes: call.place.offset - start) }
        guard let fault else { return chunk.count > 0 }
        if fault.hasNoEnd || (options.badRecords == .fail && !options.ignoreParseErrors) {
            throw call.badRecord(fault, fieldCount: fields.count)
        }
        if options.badRecords == .quarantine, !options.ignoreParseErrors {
            let bad = call.badRecord(fault, fieldCount: fields.count)
            call.rejected.append(RejectedRecord(bad, firstLine: fault.record.line))
        } else {
            call.skippedRecords += 1
        }
        call.place = fault.next
        return true
    }

    /// Converts the chunk's records, and keeps those that fit and pass.
    private func keepRows(_ call: inout CSVScan, spanBytes: Int) throws(BadRecord) {
        var rows = (0..<chunk.count).map { Int32($0) }
        let tested = storages.indices.filter { isTested[$0] }
        var rest = storages.indices.filter { !isTested[$0] }
        var bad: BadRecord?
        if !predicates.isEmpty {
            bad = convert(&rows, tested, &call, spanBytes)
            countNulled(tested, &call)
            let before = rows.count
            filter(&rows, from: call.keptRows)
            if rows.count < before { rest = Array(storages.indices) }
        }
        // A record before the bad one may be bad in a column that is not tested.
        bad = convert(&rows, rest, &call, spanBytes) ?? bad
        if let bad { throw bad }
        countNulled(rest.filter { !isTested[$0] }, &call)
        call.addLines(of: rows, chunk.records)
    }

    /// Converts `indexes` of the storages over `rows`. Rows that do not fit are taken out; where they end the job, the first of
    /// them is the answer, and the rows before it are left.
    private func convert(
        _ rows: inout [Int32], _ indexes: [Int], _ call: inout CSVScan, _ spanBytes: Int
    ) -> BadRecord? {
        convert(rows, indexes, call, spanBytes)
        let misfits = indexes.flatMap { index in storages[index].misfits.map { (misfit: $0, storage: index) } }
        guard let first = misfits.min(by: { ($0.misfit.row, $0.storage) < ($1.misfit.row, $1.storage) }) else {
            return nil
        }
        if options.badRecords == .fail {
            rows.removeAll { $0 >= first.misfit.row }
            return badRecord(first.misfit, fields[wantedFields[first.storage]], call)
        }
        let bad = Set(misfits.map { Int32($0.misfit.row) })
        rows.removeAll { bad.contains($0) }
        if options.badRecords == .quarantine {
            reject(misfits, &call)
        } else {
            call.skippedRecords += bad.count
        }
        convert(rows, Array(storages.indices), call, spanBytes)
        return nil
    }

    /// Of each record the first field that does not fit is told.
    private func reject(_ misfits: [(misfit: CSVMisfit, storage: Int)], _ call: inout CSVScan) {
        var last: Int?
        for (misfit, storage) in misfits.sorted(by: { ($0.misfit.row, $0.storage) < ($1.misfit.row, $1.storage) })
        where misfit.row != last {
            last = misfit.row
            let bad = badRecord(misfit, fields[wantedFields[storage]], call)
            call.rejected.append(RejectedRecord(bad, firstLine: chunk.place(misfit.row).line))
        }
    }

    private func convert(_ rows: [Int32], _ indexes: [Int], _ call: CSVScan, _ spanBytes: Int) {
        guard let base = call.input.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        rows.withUnsafeBufferPointer { rows in
            for slot in indexes {
                let cells = CSVCells(
                    base: base, fields: chunk.fields, slotCount: chunk.slotCount, slot: slot, rows: rows,
                    spanBytes: spanBytes, syntax: options.syntax,
                    nullLiteral: nullLiteral.map { UnsafeBufferPointer($0) })
                storages[slot].convert(cells, to: call.keptRows, nullsMisfits: options.ignoreParseErrors)
            }
        }
    }

    private func countNulled(_ indexes: [Int], _ call: inout CSVScan) {
        for index in indexes { call.nulledFields += storages[index].nulledFields }
    }

    private func filter(_ rows: inout [Int32], from first: Int) {
        withUnsafeTemporaryAllocation(of: Bool.self, capacity: rows.count) { kept in
            kept.initialize(repeating: true)
            for predicate in predicates {
                storages[storageOfColumn[predicate.column]].test(predicate, from: first, kept: kept)
            }
            rows = zip(rows, kept).filter(\.1).map(\.0)
        }
    }

    private func outcome(_ call: CSVScan) -> ScanOutcome {
        let made = zip(columns, storageOfColumn).map { column, index in
            switch column.kind {
            case .value: storages[index].column(count: call.keptRows)
            case .presence: storages[index].presence(count: call.keptRows)
            }
        }
        var outcome = ScanOutcome(
            columns: made, rowCount: call.keptRows, lineIndexes: call.lineIndexes, consumedBytes: call.place.offset,
            consumedLines: call.place.line, skippedRecords: call.skippedRecords, nulledFields: call.nulledFields)
        outcome.rejected = call.rejected
        return outcome
    }

    // MARK: Places of records

    package func recordRanges(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>] {
        let cutter = CSVRecordCutter(
            syntax: options.syntax, allowComments: options.allowComments, fieldCount: fields.count,
            fillsMissingFields: options.ignoreParseErrors, slots: slots)
        let wanted = Set(lines)
        var ranges: [Int: Range<Int>] = [:]
        var place = recordsStart
        func found(_ record: CSVPlace, upTo end: Int) {
            var last = LineRanges.withoutLineEnd(input, record.offset..<end)
            // What stands behind the escape character is no line end.
            if last < end, last > record.offset, input[last - 1] == options.syntax.escape { last += 1 }
            ranges[record.line] = record.offset..<last
        }
        while ranges.count < wanted.count {
            chunk.count = 0
            let fault = cutter.cut(input, isFinal: true, most: chunk.capacity, from: &place, into: &chunk)
            let count = chunk.count
            let records = (0..<count).map { chunk.place($0) }
            for record in records where wanted.contains(record.line) {
                // Alone, so that it ends where it does, and not where the next one begins.
                var end = record
                chunk.count = 0
                _ = cutter.cut(input, isFinal: true, most: 1, from: &end, into: &chunk)
                found(record, upTo: end.offset)
            }
            if let fault {
                if wanted.contains(fault.record.line) { found(fault.record, upTo: fault.next.offset) }
                place = fault.next
            } else if count == 0 {
                break
            }
        }
        return lines.map { ranges[$0] ?? 0..<0 }
    }

    private func badRecord(_ misfit: CSVMisfit, _ field: Field, _ call: CSVScan) -> BadRecord {
        let record = chunk.place(misfit.row)
        if misfit.isNull {
            let offset = misfit.field.isMissing ? record.offset : Int(misfit.field.offset)
            return call.badRecord(
                "expected a value for field \"\(field.name)\", which is NOT NULL", at: offset, in: record)
        }
        let text = UnsafeRawBufferPointer(rebasing: call.input[Int(misfit.field.offset)...].prefix(misfit.field.length))
        return call.badRecord(
            "expected \(field.type.withArticle) for field \"\(field.name)\", found \"\(excerpt(text))\"",
            at: Int(misfit.field.offset), in: record)
    }

    /// The beginning of a text that does not fit, for a message.
    private func excerpt(_ text: UnsafeRawBufferPointer) -> String {
        let most = 40
        let whole = String(decoding: text.prefix(4 * most), as: UTF8.self)
        return whole.count > most ? whole.prefix(most) + "…" : whole
    }
}

extension DataType {
    fileprivate var withArticle: String {
        switch self {
        case .int: "an \(self)"
        default: "a \(self)"
        }
    }
}
