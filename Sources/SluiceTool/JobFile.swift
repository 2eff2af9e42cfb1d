import ArgumentParser
import HostSystem
import StreamSQL

/// A SQL file named on the command line, and settings that beat its own.
struct JobFile: ParsableArguments {
    @Argument(help: "The job: a file of SQL statements.", completion: .file(extensions: ["sql"]))
    var file: String

    @OptionGroup var settings: SettingOptions

    /// The job's name where `pipeline.name` does not say: the file's stem, or for `job.sql` its folder's name.
    func defaultName(workingDirectory: String) -> String {
        var parts = file.split(separator: "/").map(String.init).filter { $0 != "." }
        let last = parts.popLast() ?? "job"
        let stem = last.hasSuffix(".sql") && last.count > 4 ? String(last.dropLast(4)) : last
        guard last == "job.sql" else { return stem }
        let folder = parts.last ?? workingDirectory.split(separator: "/").last.map(String.init)
        return folder.map { $0 == ".." ? stem : $0 } ?? stem
    }

    /// The file's statements, bound and optimised.
    func analyzed() throws(ToolFailure) -> JobDefinition {
        let text = try Self.text(of: file)
        do throws(SQLError) {
            return try analyze(text, file: file, overrides: settings.overrides)
        } catch {
            throw ToolFailure(error, in: text, called: file)
        }
    }

    static func text(of file: String) throws(ToolFailure) -> [UInt8] {
        do throws(FileError) {
            return try PosixFileSystem().readAll(file)
        } catch {
            throw ToolFailure(message: "cannot read '\(file)': \(error)")
        }
    }
}

/// Settings that beat those of a text.
struct SettingOptions: ParsableArguments {
    @Option(
        name: [.customShort("D", allowingJoined: true)],
        help: ArgumentHelp("A setting, stronger than SET in the file.", valueName: "key=value"))
    var settings: [String] = []

    func validate() throws {
        for setting in settings where !setting.dropFirst().contains("=") || setting.hasPrefix("=") {
            throw ValidationError("-D takes key=value, not '\(setting)'")
        }
    }

    var overrides: [(key: String, value: String)] {
        settings.map { setting in
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
    }
}

extension ToolFailure {
    /// A mistake in a text of SQL.
    init(_ error: SQLError, in text: [UInt8], called name: String) {
        let source = String(decoding: text, as: UTF8.self)
        self.init(
            message: error.message, rendered: error.rendered(file: name, source: source), detail: error.detail,
            hint: error.hint)
        place = error.place.map { (name, $0.line, $0.column) }
    }
}
