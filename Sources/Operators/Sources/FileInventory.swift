import Columnar
import Dataflow
import Glibc
import HostSystem

// Which files a `path` means: one file, all files of a folder and its sub-folders, or all that match a pattern, in the
// order of their paths; names that begin with `.` or `_` are not seen. `source.path.regex-pattern` is matched with the
// whole absolute path of each file of the folder.

/// A file as it was found.
struct ListedFile: Equatable, Sendable {
    var path: String
    var sizeBytes: Int
    var identity: UInt64

    init(_ path: String, _ status: FileStatus) {
        self.path = path
        sizeBytes = status.sizeBytes
        identity = status.identity
    }
}

struct FileInventory {
    private let files: any FileSystem
    private let path: String
    private let table: String
    private let pattern: RegularExpression?

    init(_ description: FileSourceDescription, _ files: any FileSystem) throws(JobFailure) {
        self.files = files
        path = description.path
        table = description.table
        guard let text = description.pathPattern else {
            pattern = nil
            return
        }
        do throws(InvalidPattern) {
            pattern = try RegularExpression(text)
        } catch {
            throw JobFailure(.data, "table \"\(table)\": 'source.path.regex-pattern' is no pattern: \(error)")
        }
    }

    /// Whether `path`, or what a pattern in it begins with, is there.
    func exists() throws(JobFailure) -> Bool {
        if GlobPattern.isPattern(path) { return true }
        return try JobFailure.onFiles("looking for '\(path)'") { () throws(FileError) in try files.exists(path) }
    }

    /// The files with their present lengths, in reading order.
    /// - Parameter mayBeEmpty: no error where a pattern in the path matches nothing.
    func list(mayBeEmpty: Bool = false) throws(JobFailure) -> [ListedFile] {
        var walk = FileWalk(files)
        let status = try whileListing { () throws(FileError) in try files.status(path) }
        if let status {
            try whileListing { () throws(FileError) in try walk.add(path, status) }
        } else if GlobPattern.isPattern(path) {
            try match(&walk)
            if walk.found.isEmpty, walk.special == nil, !mayBeEmpty { throw nothingThere("which matches no file") }
        } else {
            throw nothingThere("which does not exist")
        }
        if let special = walk.special {
            throw JobFailure(
                .world, "table \"\(table)\" reads '\(special)', which is a pipe or a device",
                detail: "reading from what has no length and no way back is not supported yet",
                hint: "write it into a file first")
        }
        let sorted = walk.found.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        guard let pattern else { return sorted }
        var matching: [ListedFile] = []
        for file in sorted where try matches(file.path, pattern) { matching.append(file) }
        if matching.isEmpty, !mayBeEmpty { throw nothingThere("where no file matches 'source.path.regex-pattern'") }
        return matching
    }

    private func match(_ walk: inout FileWalk) throws(JobFailure) {
        let pattern: GlobPattern
        do throws(GlobPattern.Unreadable) {
            pattern = try GlobPattern(path)
        } catch {
            throw JobFailure(.data, "the path '\(path)' of table \"\(table)\" cannot be read: \(error.reason)")
        }
        try whileListing { () throws(FileError) in try walk.match(pattern) }
    }

    private func matches(_ path: String, _ pattern: RegularExpression) throws(JobFailure) -> Bool {
        let absolute = Array(FilePath.absolute(path, workingDirectory: files.workingDirectory).utf8)
        do throws(MatchLimitExceeded) {
            return try pattern.fullMatch(absolute)
        } catch {
            throw JobFailure(
                .data, "'source.path.regex-pattern' of table \"\(table)\" takes too many steps on '\(path)'")
        }
    }

    private func whileListing<Result>(_ body: () throws(FileError) -> Result) throws(JobFailure) -> Result {
        try JobFailure.onFiles("looking for the files of table \"\(table)\"", body)
    }

    private func nothingThere(_ what: String) -> JobFailure {
        JobFailure(
            .world, "table \"\(table)\" reads '\(path)', \(what)",
            hint: pattern == nil
                ? "relative paths start at the working directory"
                : "the pattern has to match the whole absolute path: begin it with '.*/'")
    }
}

extension RegularExpression {
    fileprivate func fullMatch(_ text: [UInt8]) throws(MatchLimitExceeded) -> Bool {
        var failure: MatchLimitExceeded?
        let isMatch = text.withUnsafeBytes { raw in
            do throws(MatchLimitExceeded) {
                return try fullMatch(raw)
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        return isMatch
    }
}

/// What is found on the way through folders.
private struct FileWalk {
    private static let deepestFolder = 64

    private let files: any FileSystem
    private(set) var found: [String: ListedFile] = [:]
    private(set) var special: String?

    init(_ files: any FileSystem) { self.files = files }

    /// A file, or all files of a folder.
    mutating func add(_ path: String, _ status: FileStatus, depth: Int = 0) throws(FileError) {
        if status.isSpecial {
            special = path
        } else if !status.isDirectory {
            found[path] = ListedFile(path, status)
        } else {
            try addAll(of: path, depth: depth)
        }
    }

    private mutating func addAll(of folder: String, depth: Int) throws(FileError) {
        for (path, status) in try visible(in: folder, depth: depth) { try add(path, status, depth: depth + 1) }
    }

    mutating func match(_ pattern: GlobPattern) throws(FileError) {
        try match(pattern.steps[...], in: pattern.isAbsolute ? "/" : "", depth: 0)
    }

    private mutating func match(
        _ steps: ArraySlice<GlobPattern.Step>, in folder: String, depth: Int
    ) throws(FileError) {
        guard let step = steps.first else { return }
        let rest = steps.dropFirst()
        switch step {
        case .name(let name):
            let path = FilePath.join(folder, name)
            if let status = try files.status(path) { try follow(rest, path, status, depth: depth + 1) }
        case .names(let names):
            for name in try files.list(folder.isEmpty ? "." : folder) where names.matches(name) {
                let path = FilePath.join(folder, name)
                if let status = try files.status(path) { try follow(rest, path, status, depth: depth + 1) }
            }
        case .anyFolders:
            guard !rest.isEmpty else { return try addAll(of: folder, depth: depth) }
            try match(rest, in: folder, depth: depth)
            for (path, status) in try visible(in: folder, depth: depth) where status.isDirectory {
                try match(steps, in: path, depth: depth + 1)
            }
        }
    }

    private mutating func follow(
        _ steps: ArraySlice<GlobPattern.Step>, _ path: String, _ status: FileStatus, depth: Int
    ) throws(FileError) {
        if steps.isEmpty {
            try add(path, status, depth: depth)
        } else if status.isDirectory {
            try match(steps, in: path, depth: depth)
        }
    }

    private func visible(in folder: String, depth: Int) throws(FileError) -> [(String, FileStatus)] {
        guard depth <= Self.deepestFolder else { throw FileError(.list, folder, code: ELOOP) }
        var visible: [(String, FileStatus)] = []
        for name in try files.list(folder.isEmpty ? "." : folder) where !name.hasPrefix(".") && !name.hasPrefix("_") {
            let path = FilePath.join(folder, name)
            if let status = try files.status(path) { visible.append((path, status)) }
        }
        return visible
    }
}
