import ChangelogTable
import Foundation

package enum SourceTree {
    /// The folder that holds Package.swift.
    package static let root: String = {
        var folder = URL(filePath: #filePath)
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        let path = folder.path(percentEncoded: false)
        return path.hasSuffix("/") ? String(path.dropLast()) : path
    }()
}

package enum BuiltProducts {
    /// The folder of the running tests' own executable, where SwiftPM puts all products.
    package static func folder() throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return String(tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)])
    }

    package static func program(_ name: String) throws -> String { try folder() + "/" + name }
}

/// A folder of its own for one test, removed with it.
package final class Workspace {
    package let path: String

    package init() throws {
        var template = Array((NSTemporaryDirectory() + "sluice-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// With a copy of a folder of the package in it, by the path from its root.
    package convenience init(copyOf folder: String) throws {
        try self.init()
        let source = SourceTree.root + "/" + folder
        for name in try FileManager.default.contentsOfDirectory(atPath: source) {
            try FileManager.default.copyItem(atPath: source + "/" + name, toPath: path + "/" + name)
        }
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path): \(error)") }
    }

    package func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    package func write(_ bytes: [UInt8], to name: String) throws {
        let file = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    package func append(_ text: String, to name: String) throws {
        try write(bytes(of: name) + Array(text.utf8), to: name)
    }

    package func bytes(of name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path + "/" + name)))
    }

    package func text(of name: String) throws -> String { String(decoding: try bytes(of: name), as: UTF8.self) }

    package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    /// The published part files of a sink's folder, in order, their bytes together. None where there is no folder yet.
    package func published(_ folder: String) throws -> [UInt8] {
        guard exists(folder) else { return [] }
        return try PartFiles.paths(under: path + "/" + folder).flatMap { path throws(ChangelogError) in
            try PartFiles.bytes(of: path)
        }
    }

    /// The table that the published files of a sink leave behind; refused where one takes back what is not there.
    package func table(_ folder: String) throws -> FinalTable {
        exists(folder) ? try FinalTable(partFilesUnder: path + "/" + folder) : FinalTable()
    }

    /// All files under a folder, by their path from there, sorted.
    package func files(under folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path + "/" + folder).sorted()
    }
}
