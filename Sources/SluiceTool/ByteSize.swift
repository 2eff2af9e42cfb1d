import ArgumentParser

/// `512MB`, `2 GiB`, `1g`, `65536`: binary units, as Flink counts memory.
struct ByteSize: ExpressibleByArgument {
    var bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = argument.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let factors = [
            "": 1, "b": 1, "bytes": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20,
            "mib": 1 << 20, "g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30, "t": 1 << 40, "tb": 1 << 40, "tib": 1 << 40,
        ]
        guard let number = Int(digits), let factor = factors[unit] else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, product > 0 else { return nil }
        bytes = product
    }

    var defaultValueDescription: String { "\(bytes >> 20) MiB" }
}
