import Glibc

extension FileError: CustomStringConvertible {
    /// As PostgreSQL writes it: `could not open "path": No such file or directory`.
    package var description: String { "could not \(operation.phrase) \"\(path)\": \(FileError.message(code))" }

    /// The system's text for an error number.
    package static func message(_ code: Int32) -> String {
        String(cString: strerror(code))
    }

    /// The disk is full: the same operation may succeed when there is room again.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}

extension FileError.Operation {
    fileprivate var phrase: String {
        switch self {
        case .open, .read, .write, .sync, .truncate, .rename, .remove, .list, .lock, .link: rawValue
        case .status: "look at"
        case .makeDirectory: "make directory"
        case .syncDirectory: "sync directory"
        }
    }
}
