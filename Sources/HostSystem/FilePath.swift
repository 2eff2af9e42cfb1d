/// Paths are plain strings with `/`; these are the few operations on them.
package enum FilePath {
    package static func join(_ directory: String, _ name: String) -> String {
        if directory.isEmpty { return name }
        return directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The directory a path's last name stands in: `.` for a bare name, `/` for the root.
    package static func parent(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        guard let slash = trimmed.lastIndex(of: "/") else { return trimmed.isEmpty ? path : "." }
        let parent = withoutTrailingSlashes(String(trimmed[..<slash]))
        return parent.isEmpty ? "/" : parent
    }

    package static func lastName(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        guard let slash = trimmed.lastIndex(of: "/") else { return trimmed }
        return String(trimmed[trimmed.index(after: slash)...])
    }

    /// The path from the root, without `.`, `..` and empty names.
    package static func absolute(_ path: String, workingDirectory: String) -> String {
        var names: [Substring] = []
        for name in (path.hasPrefix("/") ? path : workingDirectory + "/" + path).split(separator: "/") {
            switch name {
            case ".": continue
            case "..": _ = names.popLast()
            default: names.append(name)
            }
        }
        return "/" + names.joined(separator: "/")
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var rest = path[...]
        while rest.hasSuffix("/") { rest.removeLast() }
        return String(rest)
    }
}
