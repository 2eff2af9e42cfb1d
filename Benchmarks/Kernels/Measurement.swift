/// Runs `body` over batches of `rows` rows until about `seconds` have passed, three times, and prints the best in millions of
/// rows a second.
func measure(_ name: String, rows: Int, seconds: Double = 0.15, _ body: () -> Void) {
    let clock = ContinuousClock()
    body()
    var best = 0.0
    for _ in 0..<3 {
        var batches = 0
        let start = clock.now
        var passed = 0.0
        while passed < seconds {
            body()
            batches += 1
            passed =
                Double((clock.now - start).components.attoseconds) * 1e-18
                + Double((clock.now - start).components.seconds)
        }
        best = max(best, Double(batches * rows) / passed / 1e6)
    }
    print(name + String(repeating: " ", count: max(1, 44 - name.count)) + "\(Int(best.rounded())) M rows/s")
}

/// Keeps the optimiser from leaving out what nobody looks at.
@inline(never)
func use<T>(_: T) {}
