/// One column of a frame, as its owner encodes it.
package struct ColumnChunk: Equatable, Sendable {
    package var columnID: UInt32
    /// The owner's; nobody else knows what it means.
    package var encoding: UInt8
    package var nullCount: UInt32
    /// Bounds of the values that are not null, in an order of bytes; at most 64 bytes each, empty where unknown.
    package var minimum: [UInt8]
    package var maximum: [UInt8]
    package var bytes: [UInt8]

    package static let largestBoundBytes = 64

    package init(
        columnID: UInt32, encoding: UInt8, nullCount: UInt32, minimum: [UInt8] = [], maximum: [UInt8] = [],
        bytes: [UInt8]
    ) {
        self.columnID = columnID
        self.encoding = encoding
        self.nullCount = nullCount
        self.minimum = minimum
        self.maximum = maximum
        self.bytes = bytes
    }
}

/// Rows that are written together.
package struct FrameContent: Equatable, Sendable {
    package var rowCount: Int
    package var schemaID: UInt32
    /// Each column at most once.
    package var chunks: [ColumnChunk]

    package init(rowCount: Int, schemaID: UInt32, chunks: [ColumnChunk]) {
        self.rowCount = rowCount
        self.schemaID = schemaID
        self.chunks = chunks
    }
}

/// How a chunk's bytes are packed; decided for each chunk, since packing is kept only where it saves something.
package enum ChunkCompression: UInt8, Sendable {
    case none = 0
    case lz4 = 1
    case zstd = 2
}

/// What a frame's directory says of one column.
package struct ChunkStatistics: Equatable, Sendable {
    package var nullCount: UInt32
    package var minimum: [UInt8]
    package var maximum: [UInt8]
}

/// What is known of a frame before its chunks are read.
package struct FrameStatistics {
    /// Of its rows; through a name, of those that are the name's.
    package let offsets: Range<UInt64>
    /// What the columns' counts and bounds are of.
    package let rowCount: Int
    package let schemaID: UInt32
    let directory: ChunkDirectory

    init(offsets: Range<UInt64>, rowCount: Int, schemaID: UInt32, directory: ChunkDirectory) {
        self.offsets = offsets
        self.rowCount = rowCount
        self.schemaID = schemaID
        self.directory = directory
    }

    /// The same frame, some of whose rows have these offsets through a name.
    func named(_ offsets: Range<UInt64>) -> FrameStatistics {
        FrameStatistics(offsets: offsets, rowCount: rowCount, schemaID: schemaID, directory: directory)
    }

    /// nil where the frame does not have the column.
    package func column(_ id: UInt32) -> ChunkStatistics? {
        directory.entries.first { $0.columnID == id }.map { entry in
            ChunkStatistics(
                nullCount: entry.nullCount, minimum: directory.minimum(of: entry), maximum: directory.maximum(of: entry)
            )
        }
    }
}

/// What one step of reading gives: rows of one frame, and how far they take the reader.
package struct FrameSlice: Equatable, Sendable {
    /// From where the step began to where the next one begins: frames that nobody wanted, then `rows`.
    package var offsets: Range<UInt64>
    /// How many rows the chunks have.
    package var rowCount: Int
    /// Which of them were asked for. Empty, like `chunks`: all frames up to the end of `offsets` were passed over.
    package var rows: Range<Int>
    package var schemaID: UInt32
    /// Ascending by column; columns that the frame does not have are not there.
    package var chunks: [ColumnChunk]

    /// The offset of the first of `rows`.
    package var firstRow: UInt64 { offsets.upperBound - UInt64(rows.count) }
}
