import HostSystem
import Operators

// What somebody sees who reads the output folders, against what the reference model says.

struct JobChecker {
    private let shape: JobShape
    /// What each output table holds when all input was read for good.
    private let finals: [ChangelogTable]

    init(_ shape: JobShape, final model: RowModel) {
        self.shape = shape
        finals = model.outputs.map { ChangelogTable(rows: $0.map(\.values)) }
    }

    /// At any time: changes follow one another (`inOrder`); rows of tables that only grow are rows of the end.
    func checkVisible(_ files: SimulatedFileSystem, inOrder: Bool) throws(EpochFailure) {
        for (index, sink) in shape.sinks.enumerated() where inOrder || sink.relation.isAppendOnly {
            let table = try Self.table(sink, files)
            guard sink.relation.isAppendOnly, !sink.relation.dependsOnTheClock else { continue }
            if let row = table.firstRow(missingIn: finals[index]) {
                throw .violation("\(sink.name) holds a row that does not belong there, or too often: \(row)")
            }
        }
    }

    /// When a run has come to its end: the tables are those of the model, which has read what the run has read.
    func checkComplete(_ files: SimulatedFileSystem, _ model: RowModel, isFinal: Bool) throws(EpochFailure) {
        for (sink, rows) in zip(shape.sinks, model.outputs) {
            let found = try Self.table(sink, files)
            if case .windowGroup(_, let window, let grouping) = sink.relation, window.time == .processing {
                let mistake = ClockWindowCheck.mistake(in: found, window, grouping, expected: rows)
                if isFinal, let mistake { throw .violation("\(sink.name): \(mistake)") }
                continue
            }
            let expected = ChangelogTable(rows: rows.map(\.values))
            if found != expected {
                throw .violation("\(sink.name) is not what it must be:\n\(found.difference(to: expected))")
            }
        }
    }

    /// The part files' lines in the order of the files' names.
    private static func table(
        _ sink: OutputTable, _ files: SimulatedFileSystem
    ) throws(EpochFailure) -> ChangelogTable {
        var table = ChangelogTable()
        let names = try onDisk { () throws(FileError) in
            try files.exists(sink.folder) ? files.list(sink.folder) : []
        }
        for name in names.sorted() where PartFileName(visible: name) != nil {
            let path = FilePath.join(sink.folder, name)
            var bytes = try onDisk { () throws(FileError) in try files.readAll(path) }[...]
            while let end = bytes.firstIndex(of: 0x0A) {
                do throws(ChangelogTable.Mistake) {
                    try table.apply(bytes[..<end], isChangelog: !sink.relation.isAppendOnly)
                } catch {
                    throw .violation("\(path): \(error.description)")
                }
                bytes = bytes[(end + 1)...]
            }
            if !bytes.isEmpty { throw .violation("\(path) ends in the middle of a line") }
        }
        return table
    }
}
