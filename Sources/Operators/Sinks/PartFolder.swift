import CommitLog
import HostSystem

/// The folder of a sink's part files, held by one run.
package final class PartFolder: Sendable {
    package let path: String
    let files: any FileSystem
    private let lock: any FileLock

    private static let lockName = ".lock"
    static let setAsidePrefix = "_set-aside-"

    /// Makes the folder durable where it is missing, and locks it until this object goes away.
    package init(_ path: String, files: any FileSystem) throws(PartFileError) {
        if let status = try onPartFiles({ () throws(FileError) in try files.status(path) }), !status.isDirectory {
            throw .notAFolder(path: path)
        }
        let lock = try onPartFiles { () throws(FileError) in
            try files.makeDurableDirectories(path)
            return try files.lock(FilePath.join(path, PartFolder.lockName), wait: false)
        }
        guard let lock else { throw .locked(folder: path) }
        self.path = path
        self.files = files
        self.lock = lock
    }

    package func release() { lock.release() }

    func pathOf(_ name: String) -> String { FilePath.join(path, name) }

    /// nil where there is no such file.
    func sizeBytes(_ name: String) throws(PartFileError) -> Int? {
        let path = pathOf(name)
        return try onPartFiles { () throws(FileError) in try files.status(path) }?.sizeBytes
    }

    func names() throws(PartFileError) -> [String] {
        try onPartFiles { () throws(FileError) in try files.list(path) }.sorted()
    }

    /// What a new run finds here.
    func survey() throws(PartFileError) -> PartFolderSurvey {
        var survey = PartFolderSurvey()
        for name in try names() where name != PartFolder.lockName && !name.hasPrefix(PartFolder.setAsidePrefix) {
            if let part = PartFileName(visible: name) {
                survey.earlierParts += 1
                survey.largestNumber = max(survey.largestNumber ?? 0, part.number)
            } else if let hidden = PartFileName.parse(hidden: name) {
                survey.hiddenParts += 1
                survey.largestNumber = max(survey.largestNumber ?? 0, hidden.part.number)
            } else {
                survey.foreignNames.append(name)
            }
        }
        return survey
    }
}

extension PartFolder {
    /// Deletes the hidden parts of a run that the last checkpoint does not name: what was begun after it.
    /// - Parameter named: hidden names.
    func deleteUnnamed(of run: RunID, besides named: Set<String>) throws(PartFileError) {
        for name in try names() where !named.contains(name) {
            guard PartFileName.parse(hidden: name)?.run == run.description else { continue }
            let path = pathOf(name)
            try onPartFiles { () throws(FileError) in try files.remove(path) }
        }
    }
}

/// What a new run finds in its sink's folder. None of it is touched.
struct PartFolderSurvey: Equatable {
    /// Hidden ones included.
    var largestNumber: UInt64?
    var earlierParts = 0
    var hiddenParts = 0
    var foreignNames: [String] = []

    func notices(folder: String, firstNumber: UInt64) -> [String] {
        var notices: [String] = []
        if earlierParts > 0 {
            notices.append(
                "\"\(folder)\" holds \(earlierParts) part files of earlier runs; they stay, numbers begin at \(firstNumber)"
            )
        }
        if hiddenParts > 0 {
            notices.append("\"\(folder)\" holds \(hiddenParts) hidden part files of another run; they stay untouched")
        }
        if !foreignNames.isEmpty {
            let named = foreignNames.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
            let more = foreignNames.count > 3 ? " and \(foreignNames.count - 3) more" : ""
            notices.append("\"\(folder)\" holds files that are not part files, which stay untouched: \(named)\(more)")
        }
        return notices
    }
}
