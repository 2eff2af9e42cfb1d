import Columnar

// The first key column of a window operator's state: a number (BIGINT) that says to which windows an entry's rows belong.
// Numbers ascend with time, so that what a closed window leaves is one range of keys.
//
//     tumbling and hopping:  number = pane * (n + 1) + skip     n windows have the pane; `skip` of them, the first ones, had
//                                                               ended before the entry's rows came: 0 ... n - 1
//     attached:              number = the window's end in milliseconds
//
// A row that is late for some of its windows is so counted in the others only, in whatever order rows come and windows
// fire. With attached windows n is 1 and `window` stands for its end.

enum WindowKey {
    /// Of all numbers that rows have.
    static let largest = Int64.max - 1

    /// What is less than the keys of this number and of all after it, and greater than all before it.
    static func bound(_ number: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        KeyEncoding.append([.bigint(FixedColumn([number]))], row: 0, to: &bytes)
        return bytes
    }

    /// The number with which an entry's key begins; nil where it begins otherwise.
    static func number(of key: UnsafeRawBufferPointer) -> Int64? {
        guard key.count >= 9, key[0] == 1 else { return nil }
        let ordered = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        return Int64(bitPattern: ordered ^ (1 << 63))
    }
}

/// How windows lie on the numbers. Windows are named by their first pane, attached ones by their end.
struct WindowLayout {
    /// nil: attached windows.
    let assigner: WindowAssigner?
    /// Of a window.
    let paneCount: Int64
    /// Numbers of a pane.
    private let stride: Int64

    init(_ assigner: WindowAssigner?) {
        self.assigner = assigner
        paneCount = assigner?.paneCount ?? 1
        stride = assigner.map { $0.paneCount + 1 } ?? 1
    }

    /// The first number of a pane.
    func number(ofPane pane: Int64) -> Int64 { pane &* stride }

    /// The first window that may have rows of this number, or of one after it.
    func leastWindow(from number: Int64) -> Int64 { FloorDivision.quotient(number, stride) &- paneCount &+ 1 }

    /// The numbers among which a window's are: `contains` tells which.
    func numbers(of window: Int64) -> Range<Int64> { window &* stride..<(window &+ paneCount) &* stride }

    /// Whether a number among those of a window belongs to it.
    func contains(_ number: Int64, in window: Int64) -> Bool {
        let pane = FloorDivision.quotient(number, stride)
        return pane &- paneCount &+ 1 &+ (number &- pane &* stride) <= window
    }

    /// The first number that has a window after this one: all below it is done with when this one has fired.
    func firstNumber(after window: Int64) -> Int64 { (window &+ 1) &* stride }

    func start(of window: Int64) -> Int64? { assigner?.start(ofPane: window) }

    func end(of window: Int64) -> Int64 { assigner?.end(ofWindow: window) ?? window }

    /// The last window that this watermark ends; nil where there is none.
    func lastEnded(at watermark: Int64) -> Int64? {
        if let assigner { return assigner.lastEndedWindow(at: watermark) }
        if watermark == Int64.min { return nil }
        return watermark >= WindowKey.largest - 1 ? WindowKey.largest : watermark + 1
    }
}
