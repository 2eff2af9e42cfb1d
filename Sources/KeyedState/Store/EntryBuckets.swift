/// How many puts and deletes each operator and key group has in some records, and so where a sorted order has room for them.
/// Bucket of operator i and key group g: `i * stride + g`.
struct EntryBuckets {
    struct Section {
        var operatorIndex: Int
        /// In the concatenation of all bodies.
        var entries: Range<Int>
    }

    private var unordered: [(operatorID: UInt32, entries: Range<Int>)] = []
    /// By key group, as far as one has entries.
    private var counts: [UInt32: [Int]] = [:]
    private(set) var deletions = RangeDeletions()

    /// Counts the entries of these sections, which were checked before.
    mutating func count(_ sections: [DeltaBody.Section], in raw: UnsafeRawBufferPointer) {
        for section in sections {
            unordered.append((section.operatorID, section.entries))
            var groups = counts.removeValue(forKey: section.operatorID) ?? []
            var position = section.entries.lowerBound
            while position < section.entries.upperBound {
                let entry = Entry(checkedIn: raw, at: position)
                position = entry.end
                let group = Int(entry.keyGroup.index)
                if entry.header.isDeletedBelow {
                    let bound = Array(entry.key(in: raw))
                    deletions.add(bound, at: entry.start, operatorID: section.operatorID, keyGroup: group)
                    continue
                }
                if group >= groups.count {
                    groups.append(contentsOf: repeatElement(0, count: group + 1 - groups.count))
                }
                groups[group] += 1
            }
            counts[section.operatorID] = groups
        }
    }

    /// Ascending.
    var operators: [UInt32] { counts.keys.sorted() }

    var stride: Int { counts.values.map(\.count).max() ?? 0 }

    var sections: [Section] {
        let operators = operators
        return unordered.map { section in
            Section(operatorIndex: operators.firstIndex(of: section.operatorID) ?? 0, entries: section.entries)
        }
    }

    var entryCount: Int { counts.values.reduce(0) { $0 + $1.reduce(0, +) } }

    /// Where the entries of bucket b stand in the sorted order: from element b up to element b + 1.
    var bounds: [Int] {
        let stride = stride
        var bounds = [0]
        for operatorID in operators {
            let groups = counts[operatorID] ?? []
            for group in 0..<stride {
                bounds.append(bounds[bounds.count - 1] + (group < groups.count ? groups[group] : 0))
            }
        }
        return bounds
    }
}
