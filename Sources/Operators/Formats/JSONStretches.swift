import CKernels
import Columnar

// Lines of one producer look alike: between two values stand the same bytes on every line, `,"bidder":` say. The scanner
// learns these stretches, with what follows them, once the slow path has checked them byte by byte; from then on one
// 32-byte comparison proves the grammar again and says what comes next.
//
//     {"event_type":2,"bid":{"auction":1000,"channel":"Apple"}}
//      -------------- ------- ---------- ------------          --
//      first of level 0       first of level 1
//
// - A stretch begins behind a value (or behind `{`) and ends where the next value begins, its opening quote or brace
//   included; `}` is a stretch too. It belongs to a *context*: a level, and whether a value has gone before (context
//   2 * level + 1: a comma must come) or not (2 * level: none may).
// - Every stretch remembers which one came next last time; in a fresh context that is entry 0, which never matches. A
//   prediction may be stale but never wrong: every entry of a context is grammar that has been checked for that context.
// - White space in front of a value is part of the stretch. One that was learned without it is a prefix of the spaced
//   variant: then a value begins with white space, and the row loop asks for an exact reading (`parse`).
// - A context keeps so many stretches; when they are used up and do not serve, they are forgotten and learned anew.
// - Objects that nobody asked for get levels of their own, so many; the rest is checked by `JSONGrammar`.
final class JSONStretches {
    typealias Stretch = UnsafeMutablePointer<sluice_stretch>

    /// What the row loop does behind a stretch.
    enum Op {
        static let close: UInt8 = 0
        /// Into an object that is asked for, or one that only has a level.
        static let enter: UInt8 = 1
        static let pass: UInt8 = 2
        static let skipString: UInt8 = 3
        static let string: UInt8 = 4
        /// Milliseconds, and microseconds.
        static let timestamp: UInt8 = 5
        static let timestampMicros: UInt8 = 6
        static let date: UInt8 = 7
        /// A string for a column of another type.
        static let generalString: UInt8 = 8
        static let skipNumber: UInt8 = 9
        static let bigint: UInt8 = 10
        static let int: UInt8 = 11
        static let double: UInt8 = 12
        /// Anything else, converted or skipped out of line.
        static let general: UInt8 = 13
    }

    private struct Context {
        var count = 0
        var misses = 0
    }

    private struct UnaskedName: Hashable {
        var level: Int
        var name: [UInt8]
    }

    private static let patternBytes = 32
    private static let smallestContext = 64
    private static let unaskedLevels = 32
    private static let missesBeforeForgetting = 4096

    /// Entry 0 never matches; then an opening entry per level (what is predicted first in it), one per level for a stretch
    /// that cannot be learned, one per context for `}`; then the contexts' own.
    let entries: Stretch
    private let entryCount: Int
    let levelLimit: Int
    private let contextCapacity: Int
    /// The first four bytes of each learned stretch, beside the entry's index, longest stretches first.
    private let keys: UnsafeMutablePointer<UInt32>
    private let indexes: UnsafeMutablePointer<Int32>
    private let contexts: UnsafeMutablePointer<Context>

    let fields: [JSONField]
    /// The bit that fields nobody asked for set: beyond all others, never looked at.
    let unaskedField: Int
    private var levelFields: [[Int]]
    private var levelDepths: [Int]
    /// Levels of objects that nobody asked for, by the level and name they stand at.
    private var unasked: [UnaskedName: Int] = [:]

    init(_ tree: JSONFields, unaskedField: Int) {
        fields = tree.fields
        self.unaskedField = unaskedField
        levelFields = tree.levels
        levelDepths = [Int](repeating: 1, count: tree.levels.count)
        for field in tree.fields where field.childLevel >= 0 {
            // Parents come before their children.
            levelDepths[field.childLevel] = levelDepths[field.level] + 1
        }
        levelLimit = tree.levels.count + Self.unaskedLevels
        let widest = tree.levels.reduce(0) { max($0, $1.count) }
        contextCapacity = max(Self.smallestContext, (2 * widest + 32 + 7) & ~7)
        contexts = .allocate(capacity: 2 * levelLimit)
        contexts.initialize(repeating: Context(), count: 2 * levelLimit)
        entryCount = 1 + 4 * levelLimit + 2 * levelLimit * contextCapacity
        entries = .allocate(capacity: entryCount)
        entries.initialize(repeating: sluice_stretch(), count: entryCount)
        keys = .allocate(capacity: 2 * levelLimit * contextCapacity)
        keys.initialize(repeating: 0, count: 2 * levelLimit * contextCapacity)
        indexes = .allocate(capacity: 2 * levelLimit * contextCapacity)
        entries[0].wanted = 1
        for level in 0..<levelLimit { initializeEntries(of: level) }
    }

    deinit {
        entries.deallocate()
        contexts.deallocate()
        keys.deallocate()
        indexes.deallocate()
    }

    private func initializeEntries(of level: Int) {
        entries[opening(level)].following = Int32(2 * level)
        for context in [2 * level, 2 * level + 1] {
            let close = entries + closing(context)
            UnsafeMutableRawPointer(close).storeBytes(of: JSONGrammar.closeBrace, as: UInt8.self)
            close.pointee.length = 1
            close.pointee.mask = 1
            close.pointee.wanted = 1
            close.pointee.op = Op.close
            close.pointee.checkOp = Op.close
        }
    }

    func opening(_ level: Int) -> Int { 1 + level }
    private func unlearnable(_ level: Int) -> Int { 1 + levelLimit + level }
    private func closing(_ context: Int) -> Int { 1 + 2 * levelLimit + context }
    private func learned(_ context: Int) -> Int { 1 + 4 * levelLimit + context * contextCapacity }

    /// Objects and arrays open where a value of this stretch begins.
    func depth(of entry: Stretch) -> Int { levelDepths[Int(entry.pointee.following) >> 1] }

    func index(of entry: Stretch) -> Int32 { Int32(truncatingIfNeeded: entry - entries) }

    /// The stretch at `p`, where the predicted one does not stand: a known one, or read byte by byte (always if `isExact`).
    @inline(never)
    func find(after previous: Stretch, at p: JSONBytes, isExact: Bool, _ fault: inout JSONFault) -> Stretch? {
        if isExact { return parse(after: previous, at: p, &fault) }
        let context = Int(previous.pointee.following)
        if p.pointee == JSONGrammar.closeBrace {
            previous.pointee.next = Int32(closing(context))
            return entries + closing(context)
        }
        let key = UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)
        let first = context * contextCapacity
        var eight = first
        let end = first + contexts[context].count
        while eight < end {
            var equal = sluice_equal_keys(keys + eight, key)
            while equal != 0 {
                // Beyond `end` stand the keys of forgotten stretches, or zeros beside an index that nobody has set.
                let i = eight + equal.trailingZeroBitCount
                if i < end, sluice_stretch_matches(entries + Int(indexes[i]), p) {
                    previous.pointee.next = indexes[i]
                    return entries + Int(indexes[i])
                }
                equal &= equal - 1
            }
            eight += 8
        }
        return parse(after: previous, at: p, &fault)
    }
}

// MARK: - Reading a stretch byte by byte

extension JSONStretches {
    /// The stretch at `p` exactly as it stands there, learned where it can be.
    @inline(never)
    func parse(after previous: Stretch, at p: JSONBytes, _ fault: inout JSONFault) -> Stretch? {
        let context = Int(previous.pointee.following)
        let level = context >> 1
        var q = JSONGrammar.skipSpaces(p)
        if q.pointee == JSONGrammar.closeBrace {
            var close = entries[closing(context)]
            close.length = Int32(truncatingIfNeeded: q - p + 1)
            return keep(close, bytes: p, context: context, previous, isLearnable: true)
        }
        if context & 1 == 1 {
            guard q.pointee == JSONGrammar.comma else {
                fault = JSONFault(reason: .noCommaOrBrace, at: q)
                return nil
            }
            q = JSONGrammar.skipSpaces(q + 1)
        }
        guard q.pointee == JSONGrammar.quote else {
            fault = JSONFault(reason: .noName, at: q)
            return nil
        }
        guard let behindName = JSONGrammar.string(q + 1, &fault) else { return nil }
        let raw = UnsafeBufferPointer(start: q + 1, count: behindName - q - 2)
        q = JSONGrammar.skipSpaces(behindName)
        guard q.pointee == JSONGrammar.colon else {
            fault = JSONFault(reason: .noColon, at: q)
            return nil
        }
        q = JSONGrammar.skipSpaces(q + 1)

        let isPlain = !raw.contains(JSONGrammar.backslash)
        let name = isPlain ? Array(raw) : JSONText.unescaped(raw)
        var stretch = sluice_stretch()
        stretch.following = Int32(2 * level + 1)
        describe(&stretch, name: name, level: level, valueStart: q.pointee)
        switch stretch.op {
        case Op.enter, Op.pass, Op.skipString, Op.string, Op.timestamp, Op.timestampMicros, Op.date, Op.generalString:
            q += 1
        default: break
        }
        stretch.length = Int32(truncatingIfNeeded: q - p)
        return keep(stretch, bytes: p, context: context, previous, isLearnable: isPlain)
    }

    /// What follows a stretch that ends in this name.
    private func describe(_ stretch: inout sluice_stretch, name: [UInt8], level: Int, valueStart: UInt8) {
        let isString = valueStart == JSONGrammar.quote
        let isObject = valueStart == JSONGrammar.openBrace
        stretch.checkOp = isString ? Op.skipString : Op.skipNumber
        guard let index = levelFields[level].first(where: { fields[$0].name == name }) else {
            stretch.field = Int32(unaskedField)
            if isObject, let child = unaskedLevel(in: level, name: name) {
                stretch.target = Int32(opening(child))
                stretch.checkOp = Op.pass
            }
            stretch.op = stretch.checkOp
            return
        }
        let field = fields[index]
        stretch.field = Int32(index)
        stretch.target = Int32(index)
        stretch.isTested = field.isTested ? 1 : 0
        switch field.content {
        case .object:
            stretch.op = isObject ? Op.enter : isString ? Op.generalString : Op.general
            if isObject { stretch.target = Int32(opening(field.childLevel)) }
        case .string: stretch.op = isString ? Op.string : Op.general
        case .timestamp(let precision):
            let op = TimestampUnit(precision: precision) == .milliseconds ? Op.timestamp : Op.timestampMicros
            stretch.op = isString ? op : Op.general
        case .date: stretch.op = isString ? Op.date : Op.general
        case .bigint: stretch.op = isString ? Op.generalString : Op.bigint
        case .int: stretch.op = isString ? Op.generalString : Op.int
        case .double: stretch.op = isString ? Op.generalString : Op.double
        case .boolean, .presence: stretch.op = isString ? Op.generalString : Op.general
        }
        // In a dropped record tested fields go on being read: a second value may change the verdict.
        if field.isTested || stretch.op == Op.enter { stretch.checkOp = stretch.op }
    }

    private func unaskedLevel(in level: Int, name: [UInt8]) -> Int? {
        let key = UnaskedName(level: level, name: name)
        if let known = unasked[key] { return known }
        guard levelFields.count < levelLimit, levelDepths[level] < JSONGrammar.maximumDepth else { return nil }
        unasked[key] = levelFields.count
        levelFields.append([])
        levelDepths.append(levelDepths[level] + 1)
        return levelFields.count - 1
    }

    private func keep(
        _ stretch: sluice_stretch, bytes p: JSONBytes, context: Int, _ previous: Stretch, isLearnable: Bool
    ) -> Stretch {
        let length = Int(stretch.length)
        guard isLearnable, length <= Self.patternBytes else {
            let entry = entries + unlearnable(context >> 1)
            entry.pointee = stretch
            entry.pointee.wanted = 1
            return entry
        }
        var learned = stretch
        learned.mask = length == 32 ? ~0 : (1 << UInt32(length)) - 1
        learned.wanted = learned.mask
        withUnsafeMutableBytes(of: &learned) { $0.copyMemory(from: UnsafeRawBufferPointer(start: p, count: length)) }
        if let index = known(learned, bytes: p, context: context) {
            previous.pointee.next = index
            return entries + Int(index)
        }
        if contexts[context].count == contextCapacity {
            contexts[context].misses += 1
            guard contexts[context].misses == Self.missesBeforeForgetting else {
                let entry = entries + unlearnable(context >> 1)
                entry.pointee = stretch
                entry.pointee.wanted = 1
                return entry
            }
            contexts[context] = Context()
        }
        let index = Int32(self.learned(context) + contexts[context].count)
        entries[Int(index)] = learned
        insert(index, length: learned.length, key: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self), context: context)
        previous.pointee.next = index
        return entries + Int(index)
    }

    private func known(_ stretch: sluice_stretch, bytes p: JSONBytes, context: Int) -> Int32? {
        let first = context * contextCapacity
        for i in first..<first + contexts[context].count {
            let entry = entries + Int(indexes[i])
            if entry.pointee.length == stretch.length, sluice_stretch_matches(entry, p) { return indexes[i] }
        }
        return nil
    }

    private func insert(_ index: Int32, length: Int32, key: UInt32, context: Int) {
        let first = context * contextCapacity
        var i = first + contexts[context].count
        while i > first, entries[Int(indexes[i - 1])].length < length {
            keys[i] = keys[i - 1]
            indexes[i] = indexes[i - 1]
            i -= 1
        }
        keys[i] = key
        indexes[i] = index
        contexts[context].count += 1
    }
}
