import HostSystem

// Which split is read next, and how far event time has come: over all inputs of one source, for any number of readers.
//
// The steps of a split: `take` it; parse all of it; say what is in it (`parsed`); wait until all in front of it in its
// input is parsed, which gives the `carry`; give its rows in order (`give`).
//
// - Which is next: without a watermark the first open part in the order of the inputs; with one, that of the input whose
//   records are known least far, so that all inputs go in step. A part that holds up a reader of its input goes first.
// - The source's watermark is the running maximum of the least greatest time of what is given without a gap, over the
//   inputs that are not read to their end; unknown while one of them is. No row that is given later has an own watermark
//   below it: it has all of its input's given beginning in front of it. Which split is next is of no matter to that.
// - Nobody waits for ever: a reader that takes a split takes the first open part of its input, so what is open in front
//   of a waiting one was returned by a reader that will take a split again.

package struct SplitLedger: Sendable {
    package struct Policy: Sendable {
        /// Units of a split, at most.
        package var pieceLength: Int64
        /// One split of an input is held at a time.
        package var isSequential = false
        package var hasWatermark: Bool
        /// An input that is read to its end still holds the watermark back: it goes on in a later run.
        package var countsReadInputs = false
        /// Every input belongs to one of so many readers, in turn: the splits of an input are then given in their order.
        package var readerCount: Int?
        /// What is found later never lies behind the watermark.
        package var raisesFloors = false

        package init(pieceLength: Int64, hasWatermark: Bool) {
            self.pieceLength = pieceLength
            self.hasWatermark = hasWatermark
        }
    }

    private enum Urgency {
        static let holdsUpReader = Int64.min
        static let notBegun = Int64.min + 1
        static let notParsed = Int64.min + 2
        static let known = Int64.min + 3
        static let nothing = Int64.max
    }

    package var policy: Policy
    package private(set) var inputs: [SplitProgress] = []
    /// `Int64.min`: unknown.
    package private(set) var watermark = Int64.min
    private var nextID = 0
    /// For each input how soon a split of it is to be taken: the least first.
    private var urgencies: [Int64] = []
    /// For each input the greatest time given; `Int64.max` where it holds nothing back.
    private var reached: [Int64] = []
    /// Inputs before this have nothing to take.
    private var firstOpen = 0

    package init(_ policy: Policy) { self.policy = policy }

    // MARK: Inputs

    /// - Parameter watermark: of the position that is restored.
    package mutating func restore(watermark: Int64) { self.watermark = max(self.watermark, watermark) }

    /// A new input behind the others, or one that is restored.
    package mutating func add(_ progress: SplitProgress) {
        inputs.append(progress)
        urgencies.append(Urgency.nothing)
        reached.append(.max)
        refresh(inputs.count - 1)
    }

    /// An input that is found while others are read.
    package mutating func find(length: Int64) {
        add(SplitProgress(length: length, floor: policy.raisesFloors ? watermark : .min))
    }

    package mutating func extend(_ input: Int, to length: Int64) {
        let wasRead = inputs[input].isRead
        inputs[input].extend(to: length, floor: policy.raisesFloors && wasRead ? watermark : .min)
        refresh(input)
    }

    /// Nothing of the input is taken from there on.
    package mutating func limit(_ input: Int, to ceiling: Int64) {
        inputs[input].ceiling = ceiling
        refresh(input)
        // What was closed may be open again.
        firstOpen = inputs.indices.first { urgencies[$0] != Urgency.nothing } ?? inputs.count
    }

    // MARK: Splits

    package mutating func take(for reader: Int = 0) -> Split? {
        guard let input = nextInput(for: reader) else { return nil }
        let id = nextID
        guard let range = inputs[input].take(id: id, most: policy.pieceLength) else { return nil }
        nextID += 1
        refresh(input)
        return Split(id: id, input: input, range: range, carry: inputs[input].carry(at: range.lowerBound))
    }

    package mutating func parsed(_ split: Split, end: Int64, _ sum: SplitSum, stalledAt: Int64? = nil) {
        inputs[split.input].parsed(
            id: split.id, end: end, sum, stalledAt: stalledAt, isSequential: policy.isSequential)
        refresh(split.input)
    }

    package func carry(of split: Split) -> SplitSum? { inputs[split.input].carry(at: split.range.lowerBound) }

    /// Whether a mistake found in this split is the first: all splits taken before it are parsed, and what is in front of it.
    package func isFirstUnparsed(_ split: Split) -> Bool {
        carry(of: split) != nil && inputs.allSatisfy { ($0.leastUnparsed ?? split.id) >= split.id }
    }

    /// - Returns: whether the watermark has advanced.
    package mutating func give(_ split: Split, upTo end: Int64, _ sum: SplitSum) -> Bool {
        inputs[split.input].give(id: split.id, upTo: end, sum)
        refresh(split.input)
        return advance()
    }

    /// All is given that there is for now.
    package var isRead: Bool { firstOpen == inputs.count && inputs.allSatisfy(\.isRead) }

    private func nextInput(for reader: Int) -> Int? {
        guard policy.hasWatermark else {
            guard policy.readerCount != nil else { return firstOpen < inputs.count ? firstOpen : nil }
            return (firstOpen..<inputs.count).first { isOf(reader, $0) && urgencies[$0] != Urgency.nothing }
        }
        var least = Urgency.nothing
        var found: Int?
        for input in urgencies.indices where urgencies[input] < least && isOf(reader, input) {
            least = urgencies[input]
            found = input
        }
        return found
    }

    private func isOf(_ reader: Int, _ input: Int) -> Bool {
        policy.readerCount.map { input % $0 == reader } ?? true
    }

    // MARK: Event time

    /// The input that holds the watermark back most; nil: none does.
    package var slowest: Int? {
        guard let least = reached.indices.min(by: { reached[$0] < reached[$1] }), reached[least] < .max else {
            return nil
        }
        return least
    }

    /// - Returns: whether the watermark has advanced.
    package mutating func advance() -> Bool {
        guard policy.hasWatermark else { return false }
        var least = reached.reduce(Int64.max, min)
        if least == .max { least = inputs.reduce(.min) { max($0, $1.reached(countsParsed: false).greatest) } }
        guard least > watermark else { return false }
        watermark = least
        return true
    }

    private mutating func refresh(_ input: Int) {
        urgencies[input] = urgency(of: inputs[input])
        if urgencies[input] != Urgency.nothing {
            firstOpen = min(firstOpen, input)
        } else {
            while firstOpen < inputs.count, urgencies[firstOpen] == Urgency.nothing { firstOpen += 1 }
        }
        let progress = inputs[input]
        let isHeldBack = policy.countsReadInputs || !progress.isRead
        reached[input] = isHeldBack ? progress.reached(countsParsed: false).greatest : .max
    }

    private func urgency(of progress: SplitProgress) -> Int64 {
        guard progress.open != nil, !(policy.isSequential && progress.isHeld) else { return Urgency.nothing }
        if progress.isWaitedFor { return Urgency.holdsUpReader }
        let known = progress.reached(countsParsed: true)
        if known.greatest == .min { return progress.isHeld ? Urgency.notParsed : Urgency.notBegun }
        return min(max(known.greatest, Urgency.known), Urgency.nothing - 1)
    }
}

/// A part of an input that one reader reads.
package struct Split: Equatable, Sendable {
    /// Ascending in the order of taking.
    package var id: Int
    package var input: Int
    /// The records that begin in it.
    package var range: Range<Int64>
    /// The sums of all records before it, where they are known already.
    package var carry: SplitSum?
}
