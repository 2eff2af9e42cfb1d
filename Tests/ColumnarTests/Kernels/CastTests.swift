import Columnar
import HostSystem
import TestSupport
import Testing

@Suite struct CastTests {
    static let types: [DataType] = [.boolean, .int, .bigint, .double]

    private func cast(_ cell: Cell, to type: DataType) -> RowOutcome {
        switch (cell, type) {
        case (.null, _): return .value(.null)
        case (.boolean, .boolean), (.int, .int), (.bigint, .bigint), (.bits, .double): return .value(cell)
        case (.boolean(let v), .int): return .value(.int(v ? 1 : 0))
        case (.boolean(let v), .bigint): return .value(.bigint(v ? 1 : 0))
        case (.boolean(let v), .double): return .value(.double(v ? 1 : 0))
        case (.int(let v), .boolean): return .value(.boolean(v != 0))
        case (.int(let v), .bigint): return .value(.bigint(Int64(v)))
        case (.int(let v), .double): return .value(.double(Double(v)))
        case (.bigint(let v), .boolean): return .value(.boolean(v != 0))
        case (.bigint(let v), .int):
            return Int32(exactly: v).map { .value(.int($0)) } ?? .fault("\(v) is out of range for INT")
        case (.bigint(let v), .double): return .value(.double(Double(v)))
        case (.bits, .boolean): return .value(.boolean(cell.double != 0))
        case (.bits, .int):
            guard let v = cell.double, let whole = Int32(exactly: v.rounded(.towardZero)) else {
                return outOfRange(cell, type)
            }
            return .value(.int(whole))
        case (.bits, .bigint):
            guard let v = cell.double, let whole = Int64(exactly: v.rounded(.towardZero)) else {
                return outOfRange(cell, type)
            }
            return .value(.bigint(whole))
        default: return .fault("no such cast")
        }
    }

    private func outOfRange(_ cell: Cell, _ type: DataType) -> RowOutcome {
        var text: [UInt8] = []
        TextFormatting.append(cell.double ?? .nan, to: &text)
        return .fault("\(String(decoding: text, as: UTF8.self)) is out of range for \(type)")
    }

    @Test(arguments: types, types) func numbersRowByRow(source: DataType, target: DataType) {
        #expect(Cast.isPossible(from: source, to: target))
        expectKernel([source]) {
            Cast.apply($0[0], from: source, to: target, scope: $1, faults: &$2)
        } row: {
            cast($0[0], to: target)
        }
    }

    /// Casting there and back gives the value again, whatever rows and NULLs.
    @Test(arguments: types + [.timestamp(precision: 3)]) func textThereAndBack(type: DataType) {
        expectKernel(
            [type],
            draw: { _, source in
                type == .timestamp(precision: 3) ? .timestamp(Int64(source.random.below(1 << 42))) : source.cell(type)
            }
        ) {
            let text = Cast.apply($0[0], from: type, to: .string, scope: $1, faults: &$2)
            return Cast.apply(Operand(text), from: .string, to: type, scope: $1, faults: &$2)
        } row: {
            .value($0[0])
        }
    }

    private func cast(_ text: String, to type: DataType) -> RowOutcome {
        var faults: [RowFault] = []
        let result = Cast.apply(
            Operand(constant: Column([.string(text)], .string)), from: .string, to: type,
            scope: RowScope(rowCount: 1), faults: &faults)
        return faults.first.map { .fault($0.reason.description) } ?? .value(result.cell(at: 0))
    }

    @Test func textAsFlinkReadsIt() {
        #expect(cast(" 1 ", to: .int) == .value(.int(1)))
        #expect(cast("1.9", to: .int) == .value(.int(1)))
        #expect(cast("-1.9", to: .bigint) == .value(.bigint(-1)))
        #expect(cast("5.", to: .int) == .value(.int(5)))
        #expect(cast("+5", to: .int) == .value(.int(5)))
        #expect(cast("1\t", to: .int) == .fault("cannot cast \"1\\t\" to INT"))
        #expect(cast("1.9e3 ", to: .double) == .value(.double(1900)))
        #expect(cast(" 1 \t", to: .double) == .value(.double(1)))
        #expect(cast("1e3", to: .int) == .fault("cannot cast \"1e3\" to INT"))
        #expect(cast("", to: .int) == .fault("cannot cast \"\" to INT"))
        #expect(cast("2147483648", to: .int) == .fault("cannot cast \"2147483648\" to INT"))
        #expect(cast("T", to: .boolean) == .value(.boolean(true)))
        #expect(cast("no", to: .boolean) == .value(.boolean(false)))
        #expect(cast(" yes ", to: .boolean) == .fault("cannot cast \" yes \" to BOOLEAN"))
        #expect(cast("2026-01-01", to: .timestamp(precision: 3)) == .value(.timestamp(1_767_225_600_000)))
        #expect(cast("2026-01-01 00:00:00.127", to: .timestamp(precision: 1)) == .value(.timestamp(1_767_225_600_100)))
        for (text, milliseconds) in [
            ("2026-1-1", Int64(1_767_225_600_000)), ("2026-1-1 0:0:0", 1_767_225_600_000),
            ("2026-01-01 1:2:3.4", 1_767_229_323_400), ("2026-01-01 00:00:00.", 1_767_225_600_000),
            ("2025-12-31 24:00:00", 1_767_225_600_000), ("2025-12-31 24:00:00.0", 1_767_225_600_000),
            ("2026-01-01 00:00:00.123456789", 1_767_225_600_123),
        ] {
            #expect(cast(text, to: .timestamp(precision: 3)) == .value(.timestamp(milliseconds)))
        }
        for text in [
            "", "2026", "2026-01", "2026-1-", "2026-1-1 ", "2026-1-1 0:0", "2026-001-1", "26-1-1", "02026-1-1",
            "2026-02-30", "2026-1-1 24:00:01", "2026-1-1 24:00:00.001", "2026-1-1 0:60:0",
            "2026-01-01 00:00:00.1234567891", "2026-1-1 0:0:0 ", "2026-1-1 0:0:0.x", "0000-1-1",
        ] {
            #expect(
                cast(text, to: .timestamp(precision: 3)) == .fault("cannot cast \"\(text)\" to TIMESTAMP(3)"))
        }
        for text in [".5", "-.5", "+.", "."] { #expect(cast(text, to: .int) == .value(.int(0))) }
        #expect(cast(" 2026-01-01 00:00:00", to: .timestamp(precision: 3)) != .value(.timestamp(1_767_225_600_000)))
        #expect(
            cast(String(repeating: "é", count: 100), to: .int)
                == .fault("cannot cast \"\(String(repeating: "é", count: 40))…\" to INT"))
    }

    @Test func textAsFlinkWritesIt() {
        func text(_ cell: Cell, _ type: DataType) -> Cell {
            var faults: [RowFault] = []
            return Cast.apply(
                Operand(Column([cell], type)), from: type, to: .string, scope: RowScope(rowCount: 1), faults: &faults
            ).cell(at: 0)
        }
        #expect(text(.boolean(true), .boolean) == .string("TRUE"))
        #expect(text(.double(1.5e10), .double) == .string("1.5E10"))
        #expect(text(.timestamp(1_767_225_600_567), .timestamp(precision: 3)) == .string("2026-01-01 00:00:00.567"))
        #expect(text(.timestamp(1_767_225_600_500), .timestamp(precision: 1)) == .string("2026-01-01 00:00:00.5"))
        #expect(text(.timestamp(1_767_225_600_000), .timestamp(precision: 0)) == .string("2026-01-01 00:00:00"))
    }

    @Test func timestampsAreCutDownwards() {
        for (precision, unit) in [(0, Int64(1000)), (1, 100), (2, 10), (3, 1)] {
            expectKernel([.timestamp(precision: 3)]) {
                Cast.apply(
                    $0[0], from: .timestamp(precision: 3), to: .timestamp(precision: precision), scope: $1, faults: &$2)
            } row: { row in
                guard case .timestamp(let value) = row[0], value > .min + 1000 else { return .value(row[0]) }
                let floor = value >= 0 ? value / unit * unit : -((-value + unit - 1) / unit * unit)
                return .value(.timestamp(floor))
            }
        }
    }

    @Test func castsThatAreNone() {
        let timestamp = DataType.timestamp(precision: 3)
        for type in Self.types {
            #expect(!Cast.isPossible(from: timestamp, to: type))
            #expect(!Cast.isPossible(from: type, to: timestamp))
        }
        #expect(!Cast.isPossible(from: .row([]), to: .string))
    }
}
