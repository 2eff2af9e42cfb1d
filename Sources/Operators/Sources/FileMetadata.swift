import Columnar
import HostSystem

/// What a METADATA column of a file source can be. Source: Flink's filesystem connector.
package enum FileMetadata: String, CaseIterable, Hashable, Sendable {
    /// Absolute.
    case path = "file.path"
    case name = "file.name"
    /// Bytes, when the file was found.
    case size = "file.size"

    package var type: DataType {
        switch self {
        case .path, .name: .string
        case .size: .bigint
        }
    }
}

/// The metadata columns of the batches of one reader: constants of a file, made once for all its full batches.
struct FileMetadataColumns {
    private let kinds: [FileMetadata]
    private let rowsPerBatch: Int
    private let workingDirectory: String
    private var path: String?
    private var full: [Column] = []

    init(_ kinds: [FileMetadata], rowsPerBatch: Int, workingDirectory: String) {
        self.kinds = kinds
        self.rowsPerBatch = rowsPerBatch
        self.workingDirectory = workingDirectory
    }

    mutating func columns(for file: SourceFileList.Entry, rowCount: Int) -> [Column] {
        if kinds.isEmpty { return [] }
        if rowCount < rowsPerBatch { return kinds.map { column($0, file, rowCount: rowCount) } }
        if path != file.path || full.first?.rowCount != rowCount {
            full = kinds.map { column($0, file, rowCount: rowCount) }
            path = file.path
        }
        return full
    }

    private func column(_ kind: FileMetadata, _ file: SourceFileList.Entry, rowCount: Int) -> Column {
        switch kind {
        case .path:
            let absolute = FilePath.absolute(file.path, workingDirectory: workingDirectory)
            return Self.repeated(absolute, rowCount: rowCount)
        case .name: return Self.repeated(FilePath.lastName(of: file.path), rowCount: rowCount)
        case .size: return .bigint(FixedColumn([Int64](repeating: Int64(file.limitBytes), count: rowCount)))
        }
    }

    private static func repeated(_ text: String, rowCount: Int) -> Column {
        let one = Array(text.utf8)
        let offsets = [Int32](unsafeUninitializedCapacity: rowCount + 1) { out, count in
            for row in 0...rowCount { out.initializeElement(at: row, to: Int32(truncatingIfNeeded: row &* one.count)) }
            count = rowCount + 1
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rowCount * one.count)
        for _ in 0..<rowCount { bytes += one }
        return .string(StringColumn(offsets: offsets, bytes: bytes))
    }
}
