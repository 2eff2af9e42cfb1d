import Columnar

// Rows are written value after value, over columns of different types: for the time of one batch each column is a handful of
// pointers, so that a value costs a switch and no reference counting.

/// One column of the batch that is being written.
struct RowColumn {
    enum Kind: UInt8 {
        case boolean
        case int
        case bigint
        case double
        case timestamp
        case timestampMicros
        case date
        case string
    }

    let kind: Kind
    /// The values, or a string column's offsets.
    let values: UnsafeRawPointer
    private let bytes: UnsafePointer<UInt8>
    /// The end of the whole column's bytes.
    let bytesEnd: UnsafePointer<UInt8>
    private let validity: UnsafePointer<UInt64>?

    /// The pointers hold for as long as the column is alive and not changed: an array keeps its elements in one place.
    fileprivate init(_ column: Column) {
        var text = UnsafePointer(RowColumn.nowhere.assumingMemoryBound(to: UInt8.self))
        var textCount = 0
        switch column {
        case .boolean(let c): (kind, values) = (.boolean, RowColumn.address(c.values))
        case .int(let c): (kind, values) = (.int, RowColumn.address(c.values))
        case .bigint(let c): (kind, values) = (.bigint, RowColumn.address(c.values))
        case .double(let c): (kind, values) = (.double, RowColumn.address(c.values))
        case .timestamp(let c): (kind, values) = (.timestamp, RowColumn.address(c.values))
        case .timestampMicros(let c): (kind, values) = (.timestampMicros, RowColumn.address(c.values))
        case .date(let c): (kind, values) = (.date, RowColumn.address(c.values))
        case .string(let c):
            (kind, values) = (.string, RowColumn.address(c.offsets))
            text = RowColumn.address(c.bytes).assumingMemoryBound(to: UInt8.self)
            textCount = c.bytes.count
        }
        bytes = text
        bytesEnd = text + textCount
        validity = column.validity.map { RowColumn.address($0.words).assumingMemoryBound(to: UInt64.self) }
    }

    /// Stands for the elements of an empty array.
    private static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped }

    private static func address<Element>(_ values: [Element]) -> UnsafeRawPointer {
        values.withUnsafeBytes { $0.baseAddress ?? nowhere }
    }

    @inline(__always)
    func isNull(_ row: Int) -> Bool {
        guard let validity else { return false }
        return validity[row >> 6] >> UInt64(truncatingIfNeeded: row & 63) & 1 == 0
    }

    @inline(__always)
    func value<Value>(_ row: Int, as _: Value.Type) -> Value { values.assumingMemoryBound(to: Value.self)[row] }

    /// Of a TIMESTAMP.
    var timestampUnit: TimestampUnit { kind == .timestamp ? .milliseconds : .microseconds }

    @inline(__always)
    func text(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let offsets = values.assumingMemoryBound(to: Int32.self)
        return UnsafeBufferPointer(start: bytes + Int(offsets[row]), count: Int(offsets[row + 1] &- offsets[row]))
    }
}

/// The columns of one batch, and what a row of them takes at most.
struct RowColumns {
    let columns: [RowColumn]
    private let textColumns: [RowColumn]

    init(_ batch: Batch) {
        columns = batch.columns.map { RowColumn($0) }
        textColumns = columns.filter { $0.kind == .string }
    }

    /// The bytes of a row's strings.
    @inline(__always)
    func textBytes(_ row: Int) -> Int {
        var total = 0
        for column in textColumns { total += column.text(row).count }
        return total
    }
}

/// Where rows are written before they are appended to the output: small enough to stay in the cache, with room for a whole row
/// made sure of before it begins.
struct RowBuffer {
    private(set) var start: UnsafeMutableRawPointer
    private var capacity: Int
    var at: UnsafeMutableRawPointer

    private static let usualBytes = 128 << 10

    init() {
        capacity = RowBuffer.usualBytes
        start = .allocate(byteCount: capacity, alignment: 16)
        at = start
    }

    func deallocate() { start.deallocate() }

    @inline(__always)
    mutating func reserve(_ bytes: Int, flushingTo out: inout [UInt8]) {
        if bytes > capacity - (at - start) { makeRoom(bytes, &out) }
    }

    @inline(never)
    private mutating func makeRoom(_ bytes: Int, _ out: inout [UInt8]) {
        flush(to: &out)
        guard bytes > capacity else { return }
        start.deallocate()
        capacity = bytes
        start = .allocate(byteCount: capacity, alignment: 16)
        at = start
    }

    /// Appends what was written, and begins anew.
    mutating func flush(to out: inout [UInt8]) {
        out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: at - start))
        at = start
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        at.storeBytes(of: byte, as: UInt8.self)
        at += 1
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        at.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        at += text.utf8CodeUnitCount
    }
}
