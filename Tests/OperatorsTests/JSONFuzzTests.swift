import Columnar
import HostSystem
import Testing

import Operators

// The scanner against the reference reader on generated lines, right and wrong ones. A scanner learns, so every line is
// also read by one that has read others before, and in pieces.
@Suite struct JSONFuzzTests {
    static let optionSets = [
        JSONReadOptions(badRecords: .skip),
        JSONReadOptions(ignoreParseErrors: true, badRecords: .skip),
        JSONReadOptions(failOnMissingField: true, badRecords: .skip),
    ]

    @Test(arguments: [1, 2, 3, 4, 5, 6])
    func scannerAndReferenceAgree(seed: UInt64) {
        var generator = JSONLineGenerator(
            random: SplitMix64(seed: seed), irregularity: [3, 6, 12, 25, 60, 400][Int(seed) % 6])
        for round in 0..<60 {
            let setup = JSONScanSetup(
                JSONLineGenerator.columns, predicates: JSONLineGenerator.predicates[round % 6],
                options: Self.optionSets[round % 3])
            let warmed = setup.makeScanner()
            for part in 0..<4 {
                var lines: [[UInt8]] = []
                for _ in 0..<20 {
                    let line = Array(generator.line().utf8)
                    lines.append(generator.random.oneIn(3) ? generator.mutated(line) : line)
                }
                let bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
                let expected = setup.referenceScan(bytes)
                let place = "seed \(seed), round \(round), part \(part)"
                let piece = 1 + generator.random.below(700)
                let maxRows = 1 + generator.random.below(9)
                let differences = [
                    setup.scan(bytes, with: warmed).difference(from: expected),
                    part == 0 ? setup.scan(bytes).difference(from: expected) : nil,
                    setup.scan(bytes, piece: piece, maxRows: maxRows, with: warmed).difference(from: expected),
                ].compactMap { $0 }
                #expect(differences == [], "\(place)")
                if !differences.isEmpty { return }
            }
        }
    }

    /// Line by line, where the first bad record stops the scan.
    @Test(arguments: [7, 8])
    func theSameLineIsBad(seed: UInt64) {
        var generator = JSONLineGenerator(random: SplitMix64(seed: seed), irregularity: 8)
        let setup = JSONScanSetup(JSONLineGenerator.columns)
        let warmed = setup.makeScanner()
        for round in 0..<1500 {
            let line = Array(generator.line().utf8)
            let bytes = generator.random.oneIn(2) ? generator.mutated(line) : line
            let difference = setup.scan(bytes, with: warmed).difference(from: setup.referenceScan(bytes))
            #expect(difference == nil, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
            if difference != nil { return }
        }
    }
}
