import Columnar
import CommitLog
import Dataflow
import Operators

/// The columns of an output in two versions: first those that both have, which are compared, then those of one alone, which
/// are NULL in the other's rows.
struct OutputColumns {
    let fields: [Field]
    /// Of `fields`.
    let leaves: [ScanColumn]
    /// Leaves that are compared: so many, the first ones.
    let sharedCount: Int
    let key: [String]
    /// Names.
    let added: [String]
    let removed: [String]
    /// The leaves as the old version's topic keeps them, and as the new one's does.
    let old: [TopicColumn]
    let new: [TopicColumn]

    /// - Errors: `conflict`: the outputs are not of one kind, as versions of a job have them.
    init(_ output: String, old: Topic, new: Topic) throws(JobFailure) {
        func misfit(_ detail: String) -> JobFailure {
            JobFailure(.conflict, "output \"\(output)\" cannot be compared between its versions", detail: detail)
        }
        guard old.schema.key == new.schema.key else {
            let (before, now) = (old.schema.key.joined(separator: ", "), new.schema.key.joined(separator: ", "))
            throw misfit("its key was (\(before)) and is (\(now))")
        }
        key = new.schema.key
        var (shared, addedFields): ([Field], [Field]) = ([], [])
        for field in new.schema.fields {
            guard let before = old.schema.field(field.name) else {
                addedFields.append(Field(field.name, field.type))
                continue
            }
            guard before.type == field.type else {
                throw misfit("column \"\(field.name)\" was \(before.type) and is \(field.type)")
            }
            shared.append(Field(field.name, field.type, isNullable: field.isNullable || before.isNullable))
        }
        let removedFields = old.schema.fields.filter { new.schema.field($0.name) == nil }
        added = addedFields.map(\.name)
        removed = removedFields.map(\.name)
        fields = shared + addedFields + removedFields.map { Field($0.name, $0.type) }
        leaves = ScanColumn.leaves(of: fields)
        sharedCount = ScanColumn.leaves(of: shared).count
        self.old = Self.columns(leaves, in: old)
        self.new = Self.columns(leaves, in: new)
    }

    /// What the topic does not have gets an id that no frame of it names.
    private static func columns(_ leaves: [ScanColumn], in topic: Topic) -> [TopicColumn] {
        let known = Set(topic.schemas.flatMap { $0.columns.map(\.id) })
        var free = TopicFrame.rowKindsID
        return leaves.map { leaf in
            if let column = topic.schema.column(leaf) { return column }
            repeat { free -= 1 } while known.contains(free)
            return TopicColumn(id: free, leaf)
        }
    }

    var isKeyed: Bool { !key.isEmpty }

    /// Of the compared ones: for people.
    var names: [String] { leaves.prefix(sharedCount).map { $0.path.joined(separator: ".") } }

    /// Where the key's columns are.
    var keyIndexes: [Int] { key.compactMap { name in leaves.firstIndex { $0.path == [name] } } }

    /// The TIMESTAMP column of this name, that both versions have.
    func time(_ name: String) -> (index: Int, unit: TimestampUnit)? {
        guard let index = leaves.prefix(sharedCount).firstIndex(where: { $0.path == [name] }),
            case .timestamp(let precision) = leaves[index].type
        else { return nil }
        return (index, TimestampUnit(precision: precision))
    }
}
