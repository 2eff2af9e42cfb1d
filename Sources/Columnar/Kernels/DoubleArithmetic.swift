import Glibc

extension Arithmetic {
    static func doubles(
        _ op: ArithmeticOperator, _ left: Lane<Double>, _ right: Lane<Double>, _ rowCount: Int
    ) -> [Double] {
        switch op {
        case .add: mapPairs(left, right, rowCount: rowCount) { $0 + $1 }
        case .subtract: mapPairs(left, right, rowCount: rowCount) { $0 - $1 }
        case .multiply: mapPairs(left, right, rowCount: rowCount) { $0 * $1 }
        case .divide: mapPairs(left, right, rowCount: rowCount) { $0 / $1 }
        case .modulo: mapPairs(left, right, rowCount: rowCount) { fmod($0, $1) }
        }
    }
}
