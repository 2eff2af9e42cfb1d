import Columnar
import Dataflow
import Operators

// Scans as sources.

extension Scan {
    func description(operatorID: UInt32) -> any SourceDescription {
        switch table.connector {
        case .filesystem(let files): return description(of: files, operatorID: operatorID)
        case .log(let topic):
            return TopicSourceDescription(
                operatorID: operatorID, table: table.name, topic: topic.topic, columns: columns,
                metadata: metadata.compactMap { if case .topic(let kind) = $0.metadata { kind } else { nil } },
                fields: table.columns, key: table.primaryKey, predicates: predicates, watermark: watermark?.strategy,
                start: topic.start, isBounded: topic.isBounded, asOf: topic.asOf, ends: topic.ends)
        case .datagen(let rows):
            return DatagenSourceDescription(
                operatorID: operatorID, table: table.name, fields: rows.fields(of: table.columns),
                columns: columns, predicates: predicates, watermark: watermark?.strategy,
                ratePerSecond: min(rows.rowsPerSecond, DatagenSourceDescription.largestRowsPerSecond),
                numberOfRows: rows.rowCount)
        case .nexmark(let events):
            return NexmarkSourceDescription(
                operatorID: operatorID, table: table.name, options: events.options, columns: columns,
                predicates: predicates, watermark: watermark?.strategy)
        case .print, .blackhole:
            preconditionFailure("the binder refuses to read from \(table.connector.name)")
        }
    }

    private func description(of files: FileConnector, operatorID: UInt32) -> FileSourceDescription {
        FileSourceDescription(
            operatorID: operatorID, table: table.name, path: files.path, format: format(files.format), columns: columns,
            metadata: metadata.compactMap { if case .file(let kind) = $0.metadata { kind } else { nil } },
            predicates: predicates, watermark: watermark?.strategy,
            pathPattern: files.pathPattern,
            monitorIntervalNanoseconds: files.monitorMilliseconds.map { min($0, Scan.longestInterval) * 1_000_000 })
    }

    /// A century of milliseconds, so that as nanoseconds it fits.
    private static let longestInterval: Int64 = 100 * 365 * 86_400_000

    private func format(_ format: Format) -> SourceFormat {
        switch format {
        case .json(let options): .json(options.readOptions)
        case .csv(let options): .csv(options.readOptions, tableFields: table.columns)
        case .debeziumJSON(let options):
            .debeziumJSON(DebeziumJSONReadOptions(json: options.readOptions, includesSchema: options.includesSchema))
        }
    }
}

extension ScanWatermark {
    fileprivate var strategy: WatermarkStrategy {
        WatermarkStrategy(
            rowtime: rowtime,
            delay: base == rowtime ? .constant(milliseconds: delayMilliseconds) : .expression(base),
            givesRowtime: isOutput)
    }
}

extension JSONOptions {
    fileprivate var readOptions: JSONReadOptions {
        JSONReadOptions(
            ignoreParseErrors: ignoreParseErrors, failOnMissingField: failOnMissingField,
            timestampFormat: timestampFormat == .sql ? .sql : .iso8601, badRecords: .fail)
    }
}

extension CSVOptions {
    fileprivate var readOptions: CSVReadOptions {
        CSVReadOptions(
            syntax: syntax, allowComments: allowComments, skipHeader: skipHeader, ignoreParseErrors: ignoreParseErrors,
            nullLiteral: nullLiteral, badRecords: .fail)
    }
}
