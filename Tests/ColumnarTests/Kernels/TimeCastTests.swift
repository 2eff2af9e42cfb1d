import Columnar
import TestSupport
import Testing

@Suite struct TimeCastTests {
    private static let lastMicro: Int64 = 253_402_300_799_999_999
    private static let firstMicro: Int64 = -62_135_596_800_000_000

    private static func cell(micros: Int64, _ type: DataType) -> Cell {
        switch type {
        case .date: .date(Int32(floor(micros, 86_400_000_000) / 86_400_000_000))
        case .timestamp(let precision):
            precision <= 3
                ? .timestamp(floor(micros, step(precision)) / 1000) : .timestampMicros(floor(micros, step(precision)))
        default: .null
        }
    }

    private static func step(_ precision: Int) -> Int64 { (precision..<6).reduce(1) { step, _ in step * 10 } }

    private static func floor(_ value: Int64, _ step: Int64) -> Int64 {
        value >= 0 ? value / step * step : -((-value + step - 1) / step * step)
    }

    private static func micros(_ cell: Cell) -> Int64? {
        switch cell {
        case .date(let days): Int64(days) * 86_400_000_000
        case .timestamp(let milliseconds): milliseconds * 1000
        case .timestampMicros(let micros): micros
        default: nil
        }
    }

    private static let types = [DataType.date] + (0...6).map { .timestamp(precision: $0) }

    /// Cutting goes down, also before 1970.
    @Test(arguments: types) func everyTimeBecomesEveryOther(source: DataType) {
        for target in Self.types {
            expectKernel(
                [source],
                draw: { _, drawn in
                    Self.cell(micros: .random(in: Self.firstMicro...Self.lastMicro, using: &drawn.random), source)
                }
            ) {
                Cast.apply($0[0], from: source, to: target, scope: $1, faults: &$2)
            } row: { row in
                guard let micros = Self.micros(row[0]) else { return .value(.null) }
                return .value(Self.cell(micros: micros, target))
            }
        }
    }

    @Test func aTimeBeyondTheUnitIsTheRowsFault() {
        let times = Column([.timestamp(.max), .timestamp(1)], .timestamp(precision: 3))
        var faults: [RowFault] = []
        let result = Cast.apply(
            Operand(times), from: .timestamp(precision: 3), to: .timestamp(precision: 6), scope: RowScope(rowCount: 2),
            faults: &faults)
        #expect(faults == [RowFault(row: 0, reason: .overflow(.timestamp(precision: 6)))])
        #expect(result.cell(at: 1) == .timestampMicros(1000))
    }

    private static func cast(_ text: String, to type: DataType) -> RowOutcome {
        var faults: [RowFault] = []
        let result = Cast.apply(
            Operand(Column([.string(text)], .string)), from: .string, to: type, scope: RowScope(rowCount: 1),
            faults: &faults)
        return faults.first.map { .fault($0.reason.description) } ?? .value(result.cell(at: 0))
    }

    /// Answers seen in Flink 2.3, which takes any text behind a date's blank.
    @Test func datesOutOfText() {
        let day = Cell.date(18_262)
        for text in ["2020-01-01", "2020-1-1", " 2020-01-01 ", "2020", "2020-01", "2020-1-1 12:34:56", "\t2020-1\n"] {
            #expect(Self.cast(text, to: .date) == .value(day), "\(text)")
        }
        #expect(Self.cast("0001-01-01", to: .date) == .value(.date(-719_162)))
        #expect(Self.cast("9999-12-31", to: .date) == .value(.date(2_932_896)))
        #expect(Self.cast("20-1-1", to: .date) == .value(.date(-712_223)))
        for text in [
            "", " ", "2020-02-30", "10000-01-01", "0000-01-01", "0000", "2020-01-01T10:00:00", "2020-01-01x",
            "2020-13-01",
            "2020-1-", "2020-", "+2020-01-01", "2020-01-01-", "2020-001-01", "2020-01-01 xyz", "2020-01-01 25:00:00",
        ] {
            #expect(Self.cast(text, to: .date) == .fault("cannot cast \"\(text)\" to DATE"), "\(text)")
        }
    }

    /// Answers seen in Flink 2.3.
    @Test func microsecondsOutOfTextAndBack() {
        func text(_ cell: Cell, _ type: DataType) -> Cell {
            var faults: [RowFault] = []
            return Cast.apply(
                Operand(Column([cell], type)), from: type, to: .string, scope: RowScope(rowCount: 1), faults: &faults
            ).cell(at: 0)
        }
        let start: Int64 = 1_577_836_800_000_000
        #expect(
            Self.cast("2020-01-01 00:00:00.123456789", to: .timestamp(precision: 6))
                == .value(.timestampMicros(start + 123_456)))
        #expect(
            Self.cast("1960-01-01 00:00:00.123456", to: .timestamp(precision: 4))
                == .value(.timestampMicros(-315_619_199_876_600)))
        #expect(
            Self.cast("2019-12-31 24:00:00", to: .timestamp(precision: 6)) == .value(.timestampMicros(start)))
        #expect(
            text(.timestampMicros(start + 120_000), .timestamp(precision: 6)) == .string("2020-01-01 00:00:00.120000"))
        #expect(
            text(.timestampMicros(start + 123_400), .timestamp(precision: 5)) == .string("2020-01-01 00:00:00.12340"))
        #expect(text(.timestampMicros(-1), .timestamp(precision: 6)) == .string("1969-12-31 23:59:59.999999"))
        #expect(text(.date(18_263), .date) == .string("2020-01-02"))
        #expect(text(.date(.max), .date) == .string("+5881580-07-11"))
        #expect(text(.date(.min), .date) == .string("-5877641-06-23"))
    }
}
