import Columnar

/// Events as columns: only those that somebody asks for are made.
final class NexmarkColumns: RowGenerator {
    private enum Value {
        case eventType
        /// Every event has a type.
        case always
        case presence(NexmarkKind)
        case leaf(NexmarkLeaf, precision: Int)
    }

    private let stream: NexmarkStream
    private let values: [Value]
    private var events: [NexmarkEvent] = []
    /// Where texts are written before they become a column.
    private var scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    private var scratchBytes = 1

    init(_ stream: NexmarkStream, _ columns: [ScanColumn]) {
        self.stream = stream
        values = columns.map { NexmarkColumns.value($0) }
    }

    deinit { scratch.deallocate() }

    private static func value(_ column: ScanColumn) -> Value {
        let kinds: [String: NexmarkKind] = ["person": .person, "auction": .auction, "bid": .bid]
        if column.path == ["event_type"] { return column.kind == .value ? .eventType : .always }
        if column.kind == .presence, let kind = column.path.first.flatMap({ kinds[$0] }) { return .presence(kind) }
        guard let leaf = NexmarkLeaf(rawValue: column.path.joined(separator: ".")) else {
            preconditionFailure("the binder refuses columns that Nexmark has not: \(column.path)")
        }
        if case .timestamp(let precision) = column.type { return .leaf(leaf, precision: precision) }
        return .leaf(leaf, precision: 3)
    }

    // MARK: Rows

    func begin(_ rows: Range<Int64>) {
        events.removeAll(keepingCapacity: true)
        var event = stream.event(Int(rows.lowerBound))
        for _ in 0..<rows.count {
            events.append(event)
            event = stream.next(event)
        }
    }

    func keep(_ indexes: [Int32]) { events = indexes.map { events[Int($0)] } }

    // MARK: Columns

    func column(_ index: Int) -> Column {
        switch values[index] {
        case .eventType: .int(FixedColumn(events.map { Int32(stream.kind($0).rawValue) }))
        case .always: .boolean(FixedColumn([Bool](repeating: true, count: events.count)))
        case .presence(let kind): .boolean(FixedColumn(events.map { stream.kind($0) == kind }))
        case .leaf(let leaf, let precision): column(leaf, precision)
        }
    }

    private func column(_ leaf: NexmarkLeaf, _ precision: Int) -> Column {
        switch leaf {
        case .personID: numbers(.person) { $0.personID($1) }
        case .personName: texts(.person) { $0.writeName($1, to: &$2) }
        case .personEmailAddress: texts(.person) { $0.writeEmailAddress($1, to: &$2) }
        case .personCreditCard: texts(.person) { $0.writeCreditCard($1, to: &$2) }
        case .personCity: texts(.person) { $0.writeCity($1, to: &$2) }
        case .personState: texts(.person) { $0.writeState($1, to: &$2) }
        case .personTime: times(.person, precision) { $0.milliseconds($1) }
        case .personExtra: texts(.person) { $0.writePersonExtra($1, to: &$2) }
        case .auctionID: numbers(.auction) { $0.auctionID($1) }
        case .auctionItemName: texts(.auction) { $0.writeItemName($1, to: &$2) }
        case .auctionDescription: texts(.auction) { $0.writeDescription($1, to: &$2) }
        case .auctionInitialBid: numbers(.auction) { $0.initialBid($1) }
        case .auctionReserve: numbers(.auction) { $0.reserve($1) }
        case .auctionTime: times(.auction, precision) { $0.milliseconds($1) }
        case .auctionExpires: times(.auction, precision) { $0.expires($1) }
        case .auctionSeller: numbers(.auction) { $0.seller($1) }
        case .auctionCategory: numbers(.auction) { $0.category($1) }
        case .auctionExtra: texts(.auction) { $0.writeAuctionExtra($1, to: &$2) }
        case .bidAuction: numbers(.bid) { $0.auction($1) }
        case .bidBidder: numbers(.bid) { $0.bidder($1) }
        case .bidPrice: numbers(.bid) { $0.price($1) }
        case .bidChannel: texts(.bid) { $0.writeChannel($1, to: &$2) }
        case .bidURL: texts(.bid) { $0.writeURL($1, to: &$2) }
        case .bidTime: times(.bid, precision) { $0.milliseconds($1) }
        case .bidExtra: texts(.bid) { $0.writeBidExtra($1, to: &$2) }
        }
    }

    @inline(__always)
    private func values(_ kind: NexmarkKind, _ number: (NexmarkStream, NexmarkEvent) -> Int) -> FixedColumn<Int64> {
        let stream = stream
        let values = events.map { stream.kind($0) == kind ? Int64(number(stream, $0)) : 0 }
        return FixedColumn(values, validity: validity(kind))
    }

    @inline(__always)
    private func numbers(_ kind: NexmarkKind, _ number: (NexmarkStream, NexmarkEvent) -> Int) -> Column {
        .bigint(values(kind, number))
    }

    /// - Parameter number: milliseconds since the stream's base.
    @inline(__always)
    private func times(
        _ kind: NexmarkKind, _ precision: Int, _ number: (NexmarkStream, NexmarkEvent) -> Int
    ) -> Column {
        let base = NexmarkStream.baseMilliseconds
        let unit = TimestampUnit(precision: precision)
        if unit == .microseconds { return .timestamps(values(kind) { (base + number($0, $1)) * 1000 }, unit) }
        let step = Int(TimestampUnit.step(ofPrecision: precision))
        return .timestamps(values(kind) { (base + number($0, $1)) / step * step }, unit)
    }

    @inline(__always)
    private func texts(
        _ kind: NexmarkKind, _ write: (NexmarkTexts, NexmarkEvent, inout NexmarkCursor) -> Void
    ) -> Column {
        reserve(events.count * NexmarkTexts.roomBytes)
        let stream = stream
        var cursor = NexmarkCursor(scratch)
        var offsets = [Int32](repeating: 0, count: events.count + 1)
        for row in events.indices {
            if stream.kind(events[row]) == kind { write(stream.texts, events[row], &cursor) }
            offsets[row + 1] = Int32(truncatingIfNeeded: cursor.next - scratch)
        }
        let bytes = Array(UnsafeBufferPointer(start: scratch, count: cursor.next - scratch))
        return .string(StringColumn(offsets: offsets, bytes: bytes, validity: validity(kind)))
    }

    /// A bit for each event of this kind; nil where all are.
    private func validity(_ kind: NexmarkKind) -> Bitmap? {
        var bits = Bitmap(repeating: true, count: events.count)
        var isAll = true
        for row in events.indices where stream.kind(events[row]) != kind {
            bits[row] = false
            isAll = false
        }
        return isAll ? nil : bits
    }

    private func reserve(_ bytes: Int) {
        guard bytes > scratchBytes else { return }
        scratch.deallocate()
        scratch = .allocate(capacity: bytes)
        scratchBytes = bytes
    }
}

/// Paths of values that are no ROW, other than `event_type`.
private enum NexmarkLeaf: String {
    case personID = "person.id"
    case personName = "person.name"
    case personEmailAddress = "person.emailAddress"
    case personCreditCard = "person.creditCard"
    case personCity = "person.city"
    case personState = "person.state"
    case personTime = "person.dateTime"
    case personExtra = "person.extra"
    case auctionID = "auction.id"
    case auctionItemName = "auction.itemName"
    case auctionDescription = "auction.description"
    case auctionInitialBid = "auction.initialBid"
    case auctionReserve = "auction.reserve"
    case auctionTime = "auction.dateTime"
    case auctionExpires = "auction.expires"
    case auctionSeller = "auction.seller"
    case auctionCategory = "auction.category"
    case auctionExtra = "auction.extra"
    case bidAuction = "bid.auction"
    case bidBidder = "bid.bidder"
    case bidPrice = "bid.price"
    case bidChannel = "bid.channel"
    case bidURL = "bid.url"
    case bidTime = "bid.dateTime"
    case bidExtra = "bid.extra"
}
