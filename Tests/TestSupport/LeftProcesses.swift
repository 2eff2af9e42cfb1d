import Foundation

/// Processes that a test has let go into the background, known by the folder in which they work.
package enum LeftProcesses {
    /// Ends those that work in a folder or below it. Returns their command lines.
    package static func end(workingIn folder: String) throws -> [String] {
        let root = URL(filePath: folder).resolvingSymlinksInPath().path(percentEncoded: false)
        var ended: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let process = pid_t(name), process != getpid(), let place = link("/proc/\(name)/cwd"),
                place == root || place.hasPrefix(root + "/")
            else { continue }
            ended.append(commandLine(of: process))
            kill(process, SIGKILL)
        }
        return ended
    }

    /// nil: it has ended meanwhile, or is somebody else's.
    private static func link(_ path: String) -> String? {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path, &text, text.count)
        guard length > 0 else { return nil }
        return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func commandLine(of process: pid_t) -> String {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return "\(process)" }
        return String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ")
    }
}
