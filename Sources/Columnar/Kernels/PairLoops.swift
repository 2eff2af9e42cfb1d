// The loops of kernels with two operands: one per shape (column and column, column and constant, constant and column),
// so that the constant stays in a register. They expand into their callers, whose closures are then part of the loop.

/// Calls `body` for every row and gives the results as an array.
@inline(__always)
func mapPairs<T, R>(_ left: Lane<T>, _ right: Lane<T>, rowCount: Int, _ body: (T, T) -> R) -> [R] {
    precondition(left.isConstant || left.values.count >= rowCount, "an operand has all rows")
    precondition(right.isConstant || right.values.count >= rowCount, "an operand has all rows")
    if rowCount == 0 { return [] }
    return [R](unsafeUninitializedCapacity: rowCount) { out, count in
        left.values.withUnsafeBufferPointer { l in
            right.values.withUnsafeBufferPointer { r in
                if right.isConstant {
                    let constant = r[0]
                    if left.isConstant {
                        out.initialize(repeating: body(l[0], constant))
                    } else {
                        for i in 0..<rowCount { out.initializeElement(at: i, to: body(l[i], constant)) }
                    }
                } else if left.isConstant {
                    let constant = l[0]
                    for i in 0..<rowCount { out.initializeElement(at: i, to: body(constant, r[i])) }
                } else {
                    for i in 0..<rowCount { out.initializeElement(at: i, to: body(l[i], r[i])) }
                }
            }
        }
        count = rowCount
    }
}

/// Calls `body` for every value and gives the results as an array.
@inline(__always)
func mapValues<T, R>(_ values: [T], _ body: (T) -> R) -> [R] {
    [R](unsafeUninitializedCapacity: values.count) { out, count in
        values.withUnsafeBufferPointer { v in
            for i in 0..<v.count { out.initializeElement(at: i, to: body(v[i])) }
        }
        count = values.count
    }
}
