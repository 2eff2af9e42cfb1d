import CKernels
import Columnar

// A row as one JSON object, the way Jackson writes it for Flink: no blanks, fields in order, NULL as `null`, `"`, `\` and
// controls escaped (`\b \f \n \r \t`, others `\u001F`), everything else as it is. DOUBLE as Java prints it, and what is no
// number in quotes; timestamps without trailing zeros.

/// The fixed parts of an object: `{"a":`, `,"b":`, … and `}`.
///
/// The columns are the fields, or, where there are ROWs, their leaves: whether a ROW is there, then its fields.
struct JSONObjectLayout {
    /// A field of an object with ROWs in it. The prefixes stand one after the other.
    private enum Node {
        case value
        /// Of so many fields; they are its next ones.
        case row([Node])
    }

    /// nil: no field is a ROW.
    private let nodes: [Node]?
    private let prefixes: UnsafeMutablePointer<UInt8>
    /// Where each field's prefix begins; one more than there are fields.
    private let prefixStarts: [Int32]
    private let timestampStyle: TextFormatting.TimestampStyle
    /// Enough for an object without its strings.
    private let fixedBytes: Int

    init(fields: [Field], timestampStyle: TextFormatting.TimestampStyle) {
        self.timestampStyle = timestampStyle
        var bytes: [UInt8] = []
        var starts: [Int32] = [0]
        let nodes = Self.append(fields, &bytes, &starts)
        let hasRows = fields.contains { if case .row = $0.type { true } else { false } }
        self.nodes = hasRows ? nodes : nil
        prefixes = .allocate(capacity: bytes.count + 16)
        prefixes.initialize(repeating: 0, count: bytes.count + 16)
        prefixes.update(from: bytes, count: bytes.count)
        prefixStarts = starts
        fixedBytes = bytes.count + starts.count * (TextFormatting.roomBytes + 16) + 64
    }

    private static func append(_ fields: [Field], _ bytes: inout [UInt8], _ starts: inout [Int32]) -> [Node] {
        fields.enumerated().map { index, field in
            bytes.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            bytes.append(contentsOf: quoted(field.name))
            bytes.append(UInt8(ascii: ":"))
            starts.append(Int32(bytes.count))
            guard case .row(let inner) = field.type else { return .value }
            return .row(append(inner, &bytes, &starts))
        }
    }

    func deallocate() { prefixes.deallocate() }

    private static func quoted(_ name: String) -> [UInt8] {
        let text = Array(name.utf8)
        return [UInt8](unsafeUninitializedCapacity: 6 * text.count + 18) { out, count in
            text.withUnsafeBufferPointer { text in
                let start = UnsafeMutableRawPointer(out.baseAddress.unsafelyUnwrapped)
                let end = text.baseAddress.map { $0 + text.count }
                count = write(text, readableTo: end, to: start) - start
            }
        }
    }

    /// What `write` may write of a row whose strings have so many bytes: an escape is six bytes for one.
    @inline(__always)
    func mostBytes(textBytes: Int) -> Int { fixedBytes + 6 * textBytes }

    /// - Output: behind the object.
    @inline(__always)
    func write(_ columns: RowColumns, row: Int, to out: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        if let nodes {
            var index = 0
            return write(nodes, columns, row, &index, to: out)
        }
        var at = out
        var begin = 0
        for index in 0..<columns.columns.count {
            let end = Int(prefixStarts[index + 1])
            sluice_copy_short(at.assumingMemoryBound(to: UInt8.self), prefixes + begin, end - begin)
            at += end - begin
            begin = end
            at = write(columns.columns[index], row, to: at)
        }
        if columns.columns.isEmpty {
            at.storeBytes(of: UInt8(ascii: "{"), as: UInt8.self)
            at += 1
        }
        at.storeBytes(of: UInt8(ascii: "}"), as: UInt8.self)
        return at + 1
    }

    /// - Parameter index: of the column, and prefix, that comes next.
    private func write(
        _ nodes: [Node], _ columns: RowColumns, _ row: Int, _ index: inout Int, to out: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var at = out
        for node in nodes {
            let (begin, end) = (Int(prefixStarts[index]), Int(prefixStarts[index + 1]))
            at.copyMemory(from: prefixes + begin, byteCount: end - begin)
            at += end - begin
            let column = columns.columns[index]
            index += 1
            guard case .row(let inner) = node else {
                at = write(column, row, to: at)
                continue
            }
            if column.value(row, as: Bool.self) {
                at = write(inner, columns, row, &index, to: at)
            } else {
                at.storeBytes(of: JSONObjectLayout.null, as: UInt32.self)
                at += 4
                index += Self.leafCount(inner)
            }
        }
        at.storeBytes(of: UInt8(ascii: "}"), as: UInt8.self)
        return at + 1
    }

    private static func leafCount(_ nodes: [Node]) -> Int {
        nodes.reduce(0) { sum, node in
            guard case .row(let inner) = node else { return sum + 1 }
            return sum + 1 + leafCount(inner)
        }
    }

    @inline(__always)
    private func write(_ column: RowColumn, _ row: Int, to out: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        if column.isNull(row) {
            out.storeBytes(of: JSONObjectLayout.null, as: UInt32.self)
            return out + 4
        }
        switch column.kind {
        case .string: return JSONObjectLayout.write(column.text(row), readableTo: column.bytesEnd, to: out)
        case .bigint: return out + TextFormatting.write(column.value(row, as: Int64.self), to: out)
        case .int: return out + TextFormatting.write(Int64(column.value(row, as: Int32.self)), to: out)
        case .timestamp, .timestampMicros:
            let time = column.value(row, as: Int64.self)
            let unit = column.timestampUnit
            return JSONObjectLayout.quote(
                TextFormatting.writeTimestamp(time, unit, style: timestampStyle, to: out + 1), at: out)
        case .date:
            let days = column.value(row, as: Int32.self)
            return JSONObjectLayout.quote(TextFormatting.writeDate(days: days, to: out + 1), at: out)
        case .double: return write(column.value(row, as: Double.self), to: out)
        case .boolean:
            if column.value(row, as: Bool.self) {
                out.storeBytes(of: JSONObjectLayout.true, as: UInt32.self)
                return out + 4
            }
            out.storeBytes(of: JSONObjectLayout.fals, as: UInt32.self)
            out.storeBytes(of: UInt8(ascii: "e"), toByteOffset: 4, as: UInt8.self)
            return out + 5
        }
    }

    private func write(_ value: Double, to out: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        guard !value.isFinite else { return out + TextFormatting.write(value, to: out) }
        return JSONObjectLayout.quote(TextFormatting.write(value, to: out + 1), at: out)
    }

    /// Quotes around `count` bytes that stand behind the first one's place.
    @inline(__always)
    private static func quote(_ count: Int, at out: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        out.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        out.storeBytes(of: UInt8(ascii: "\""), toByteOffset: count + 1, as: UInt8.self)
        return out + count + 2
    }

    /// A string in quotes. Bytes up to `readable` may be looked at.
    @inline(__always)
    private static func write(
        _ text: UnsafeBufferPointer<UInt8>, readableTo readable: UnsafePointer<UInt8>?, to out: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var to = out.assumingMemoryBound(to: UInt8.self)
        to.pointee = UInt8(ascii: "\"")
        to += 1
        if var from = text.baseAddress {
            let end = from + text.count
            while from < end {
                let count = sluice_json_plain(to, from, end, readable)
                to += count
                from += count
                guard from < end else { break }
                to = escape(from.pointee, to: to)
                from += 1
            }
        }
        to.pointee = UInt8(ascii: "\"")
        return UnsafeMutableRawPointer(to + 1)
    }

    @inline(never)
    private static func escape(_ byte: UInt8, to out: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        let short: UInt8? =
            switch byte {
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0A: UInt8(ascii: "n")
            case 0x0C: UInt8(ascii: "f")
            case 0x0D: UInt8(ascii: "r")
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            default: nil
            }
        out[0] = UInt8(ascii: "\\")
        if let short {
            out[1] = short
            return out + 2
        }
        out[1] = UInt8(ascii: "u")
        out[2] = UInt8(ascii: "0")
        out[3] = UInt8(ascii: "0")
        out[4] = UInt8(ascii: "0") + (byte >> 4)
        let low = byte & 0xF
        out[5] = low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "A") + low - 10
        return out + 6
    }

    private static let null: UInt32 = 0x6C6C_756E
    private static let `true`: UInt32 = 0x6575_7274
    private static let fals: UInt32 = 0x736C_6166
}
