// Directories: the names as processes see them, and as the disk has them. A changed name is lost or kept by a power loss
// until its directory is synced. A rename is one change, never half of it. Changes of different files go their own ways;
// a change that builds on a lost one (the same name, or the same file) is lost with it.

import Glibc
import HostSystem

typealias Inode = Int

private struct Place: Hashable {
    var directory: Inode
    var name: String
}

private struct NameChange {
    var inode: Inode
    /// Where the name goes away, nil for a new one.
    var removed: Place?
    /// Where the name comes to stand, nil for a removed one.
    var added: Place?

    func touches(_ directory: Inode) -> Bool { removed?.directory == directory || added?.directory == directory }
}

struct SimulatedTree {
    static let root: Inode = 0

    private var cached: [Inode: [String: Inode]] = [SimulatedTree.root: [:]]
    private var disk: [Inode: [String: Inode]] = [SimulatedTree.root: [:]]
    private var pending: [NameChange] = []
    private var nextInode: Inode = 1

    init() {}

    func isDirectory(_ inode: Inode) -> Bool { cached[inode] != nil }
    func names(in directory: Inode) -> [String: Inode] { cached[directory] ?? [:] }

    /// nil: nothing has this path, or a file stands where a directory is needed.
    func find(_ path: String) -> Inode? {
        var inode = SimulatedTree.root
        for name in path.split(separator: "/") where name != "." {
            guard let next = cached[inode]?[String(name)] else { return nil }
            inode = next
        }
        return inode
    }

    private func place(_ path: String, _ operation: FileError.Operation) throws(FileError) -> Place {
        let parent = FilePath.parent(of: path)
        guard let directory = find(parent) else { throw FileError(operation, path, code: ENOENT) }
        guard isDirectory(directory) else { throw FileError(operation, path, code: ENOTDIR) }
        return Place(directory: directory, name: FilePath.lastName(of: path))
    }

    mutating func create(_ path: String, directory: Bool, _ operation: FileError.Operation) throws(FileError) -> Inode {
        let place = try place(path, operation)
        let inode = nextInode
        nextInode += 1
        if directory {
            cached[inode] = [:]
            disk[inode] = [:]
        }
        change(NameChange(inode: inode, removed: nil, added: place))
        return inode
    }

    mutating func remove(_ path: String) throws(FileError) {
        guard let inode = find(path) else { throw FileError(.remove, path, code: ENOENT) }
        if let inside = cached[inode], !inside.isEmpty { throw FileError(.remove, path, code: ENOTEMPTY) }
        change(NameChange(inode: inode, removed: try place(path, .remove), added: nil))
    }

    mutating func rename(_ from: String, to: String, replacing: Bool) throws(FileError) {
        guard let inode = find(from) else { throw FileError(.rename, from, code: ENOENT) }
        let target = try place(to, .rename)
        if let replaced = cached[target.directory]?[target.name] {
            guard replacing else { throw FileError(.rename, to, code: EEXIST) }
            guard isDirectory(replaced) == isDirectory(inode) else { throw FileError(.rename, to, code: EISDIR) }
            if replaced == inode { return }
        }
        change(NameChange(inode: inode, removed: try place(from, .rename), added: target))
    }

    mutating func link(_ from: String, to: String) throws(FileError) {
        guard let inode = find(from) else { throw FileError(.link, from, code: ENOENT) }
        if isDirectory(inode) { throw FileError(.link, from, code: EPERM) }
        let target = try place(to, .link)
        if cached[target.directory]?[target.name] != nil { throw FileError(.link, to, code: EEXIST) }
        change(NameChange(inode: inode, removed: nil, added: target))
    }

    mutating func sync(_ directory: Inode) {
        var rest: [NameChange] = []
        for change in pending {
            if change.touches(directory) { SimulatedTree.apply(change, to: &disk) } else { rest.append(change) }
        }
        pending = rest
    }

    mutating func losePower(_ survival: Survival, _ random: inout SplitMix64) {
        var lostPlaces: Set<Place> = []
        var lostInodes: Set<Inode> = []
        for change in pending {
            let places = [change.removed, change.added].compactMap { $0 }
            let buildsOnLost = lostInodes.contains(change.inode) || !lostPlaces.isDisjoint(with: places)
            let kept = survival == .everything || (survival == .anyPart && random.oneIn(2))
            if kept && !buildsOnLost {
                SimulatedTree.apply(change, to: &disk)
            } else {
                lostPlaces.formUnion(places)
                lostInodes.insert(change.inode)
            }
        }
        pending.removeAll()
        cached = disk
    }

    private mutating func change(_ change: NameChange) {
        SimulatedTree.apply(change, to: &cached)
        pending.append(change)
    }

    private static func apply(_ change: NameChange, to tree: inout [Inode: [String: Inode]]) {
        if let place = change.removed, tree[place.directory]?[place.name] == change.inode {
            tree[place.directory]?[place.name] = nil
        }
        if let place = change.added { tree[place.directory]?[place.name] = change.inode }
    }
}
