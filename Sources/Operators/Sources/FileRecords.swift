import Columnar
import HostSystem

/// The records of a batch in their file. Nothing is kept of them: they are read again, by whoever leaves a row out, which is
/// seldom.
struct FileRecords: OriginalRecords {
    let files: any FileSystem
    let file: SourceFile
    /// The batch's records, in bytes of the file.
    let range: Range<Int64>
    /// The number of the first line in there.
    let firstLine: Int64
    let format: SourceFormat
    let columns: [ScanColumn]

    func read(lines: [Int64]) -> [[UInt8]]? {
        guard let bytes = bytes() else { return nil }
        let count = bytes.count - FileBytes.readableBehind
        return bytes.withUnsafeBytes { raw in
            let input = UnsafeRawBufferPointer(rebasing: raw[..<count])
            return ranges(lines.map { Int($0 &- firstLine) }, in: input).map {
                Array(UnsafeRawBufferPointer(rebasing: input[$0]))
            }
        }
    }

    private func ranges(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>] {
        if format.isLines { return LineRanges.find(lines, in: input) }
        let scanner = format.makeScanner(columns: columns, predicates: [], badRecords: .skip)
        if range.lowerBound == 0 { scanner.beginFile() } else { scanner.continueFile() }
        do throws(BadRecord) {
            _ = try scanner.scan(input, isFinal: true, maxRows: .max)
        } catch {
            // It was read before; where the records begin is known by now.
        }
        return scanner.recordRanges(lines, in: input)
    }

    /// nil: the file is gone, has become another, or cannot be read.
    private func bytes() -> [UInt8]? {
        do throws(FileError) {
            let status = try files.status(file.path)
            guard let status, file.identity == 0 || status.identity == file.identity else { return nil }
            let handle = try files.open(file.path, .read)
            defer { handle.close() }
            var bytes = [UInt8](repeating: 0, count: range.count + FileBytes.readableBehind)
            var (at, failure): (Int, FileError?) = (0, nil)
            bytes.withUnsafeMutableBytes { buffer in
                do throws(FileError) {
                    while at < range.count {
                        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[at..<range.count])
                        let got = try handle.read(into: rest, at: Int(range.lowerBound) + at)
                        if got == 0 { break }
                        at += got
                    }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            return at == range.count ? bytes : nil
        } catch {
            return nil
        }
    }
}
