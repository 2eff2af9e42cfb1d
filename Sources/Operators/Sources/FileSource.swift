import Columnar
import Dataflow
import HostSystem

// The files of a table as a source: a bounded one up to the lengths that the files have at the start, one with a monitor
// interval for ever. Splits of the files are read by any number of readers (`SplitLedger`, `FileContent`); what is shared
// by them is a `FileInput`.

package struct FileSourceDescription: SourceDescription {
    package var operatorID: UInt32
    package var table: String
    /// A file, a folder, or a pattern (`GlobPattern`).
    package var path: String
    package var format: SourceFormat
    /// What is read of the records; behind them the source gives the columns of `metadata`.
    package var columns: [ScanColumn]
    package var metadata: [FileMetadata]
    /// None where there is a watermark: every row counts for it, before any filter.
    package var predicates: [ScanPredicate]
    /// Over `columns` and `metadata`.
    package var watermark: WatermarkStrategy?
    /// `source.path.regex-pattern`, in Java's language, for whole absolute paths.
    package var pathPattern: String?
    /// `source.monitor-interval`: the source has no end, and looks for new and grown files this often.
    package var monitorIntervalNanoseconds: Int64?
    /// Bytes of a split; less where many files are read in step.
    package var pieceBytes = 1 << 20
    package var rowsPerBatch = 4096

    package init(
        operatorID: UInt32, table: String, path: String, format: SourceFormat, columns: [ScanColumn],
        metadata: [FileMetadata] = [], predicates: [ScanPredicate], watermark: WatermarkStrategy? = nil,
        pathPattern: String? = nil, monitorIntervalNanoseconds: Int64? = nil
    ) {
        precondition(watermark == nil || predicates.isEmpty, "every row counts for the watermark")
        self.operatorID = operatorID
        self.table = table
        self.path = path
        self.format = format
        self.columns = columns
        self.metadata = metadata
        self.predicates = predicates
        self.watermark = watermark
        self.pathPattern = pathPattern
        self.monitorIntervalNanoseconds = monitorIntervalNanoseconds
    }

    package var isBounded: Bool { monitorIntervalNanoseconds == nil }

    package func makeInput(_ context: LinkContext) throws(JobFailure) -> any SourceInput {
        try FileInput(self, context)
    }

    package func unread(
        since position: [UInt8], files: any FileSystem, log _: CommitLogAccess?
    ) throws(JobFailure) -> [UnreadInput] {
        let before = try FilePosition.decode(position, table: table)
        var limits: [String: Int] = [:]
        for file in before.files { limits[file.path] = file.limitBytes }
        for file in before.files { try file.verify(files) }
        let inventory = try FileInventory(self, files)
        // Inputs may be taken away once they are read.
        guard try inventory.exists() else { return [] }
        var unread: [UnreadInput] = []
        for file in try inventory.list(mayBeEmpty: true) {
            let more = file.sizeBytes - (limits[file.path] ?? 0)
            if more > 0 { unread.append(.file(path: file.path, bytes: more)) }
        }
        return unread
    }

    package func checkInputs(files: any FileSystem) throws(JobFailure) {
        _ = try FileInventory(self, files).list(mayBeEmpty: !isBounded)
    }
}
