import Glibc
import HostSystem

/// The lines that were typed at the prompt, kept in a file of one line each: `$SLUICE_HISTORY`, else `~/.sluice_history`.
struct PromptHistory {
    private static let keptLines = 1000

    private(set) var lines: [String] = []
    private let files = PosixFileSystem()
    /// nil: nothing is kept.
    private let path: String?

    init() {
        if let variable = getenv("SLUICE_HISTORY") {
            let text = String(cString: variable)
            path = text.isEmpty ? nil : text
        } else {
            path = getenv("HOME").map { FilePath.join(String(cString: $0), ".sluice_history") }
        }
        guard let path else { return }
        do throws(FileError) {
            guard try files.exists(path) else { return }
            let all = String(decoding: try files.readAll(path), as: UTF8.self).split(separator: "\n").map(String.init)
            lines = Array(all.suffix(Self.keptLines))
            if all.count > 2 * Self.keptLines { try write(lines, to: path, at: nil) }
        } catch {
            StandardStreams.error("warning: the history cannot be read: \(error)\n")
        }
    }

    mutating func add(_ line: String) {
        guard !line.isEmpty, line != lines.last else { return }
        lines.append(line)
        guard let path else { return }
        do throws(FileError) {
            try write([line], to: path, at: files.status(path)?.sizeBytes ?? 0)
        } catch {
            StandardStreams.error("warning: the history cannot be kept: \(error)\n")
        }
    }

    /// - Parameter offset: nil: in place of what is there.
    private func write(_ lines: [String], to path: String, at offset: Int?) throws(FileError) {
        let file = try files.open(path, .createIfMissing)
        defer { file.close() }
        if offset == nil { try file.truncate(to: 0) }
        try file.write(lines.flatMap { Array($0.utf8) + [0x0A] }, at: offset ?? 0)
    }
}
