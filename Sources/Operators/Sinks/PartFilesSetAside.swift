import CommitLog
import HostSystem

extension PartFiles {
    /// Moves a run's parts into `_set-aside-<n>/` in their folder, which readers skip: those that the checkpoint's numbers
    /// cover, and whatever is hidden of the run. Nothing is deleted. Durable; called again it finishes what an
    /// interrupted call began, in a folder of its own, and moves nothing twice.
    /// - Returns: the folder they are in now; nil where there was nothing to move.
    package static func setAside(
        folder path: String, state bytes: [UInt8], files: any FileSystem
    ) throws(PartFileError) -> String? {
        let state = try decode(bytes, path)
        guard try onPartFiles({ () throws(FileError) in try files.exists(path) }) else { return nil }
        let folder = try PartFolder(path, files: files)
        defer { folder.release() }
        let names = try folder.names()
        let moves = names.compactMap { name in state.setAsideName(of: name).map { (name, $0) } }
        if moves.isEmpty { return nil }
        let aside = folder.pathOf(unusedSetAsideName(names))
        try onPartFiles { () throws(FileError) in
            try files.makeDurableDirectories(aside)
            for (from, to) in moves { try files.renameNew(folder.pathOf(from), to: FilePath.join(aside, to)) }
            // The new names first: after a power loss a file may have both, never none.
            try files.syncDirectory(aside)
            try files.syncDirectory(path)
        }
        return aside
    }

    private static func unusedSetAsideName(_ names: [String]) -> String {
        let used = names.compactMap { name in
            name.hasPrefix(PartFolder.setAsidePrefix) ? Int(name.dropFirst(PartFolder.setAsidePrefix.count)) : nil
        }
        return PartFolder.setAsidePrefix + String((used.max() ?? 0) &+ 1)
    }
}

extension PartFilesState {
    /// What a file of the folder is called when it is set aside; nil for what is not of this run.
    fileprivate func setAsideName(of name: String) -> String? {
        if let part = PartFileName(visible: name) {
            return part.subtask == subtask && numbers.contains(part.number) ? name : nil
        }
        guard let hidden = PartFileName.parse(hidden: name), hidden.run == run.description,
            hidden.part.subtask == subtask
        else { return nil }
        // Committed and only not renamed yet: as good as visible.
        return pending.contains { $0.number == hidden.part.number } ? hidden.part.visible : name
    }
}
