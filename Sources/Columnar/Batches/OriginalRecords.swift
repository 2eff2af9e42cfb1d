/// The records that a batch's rows were made of, where they can be read again.
package protocol OriginalRecords: Sendable {
    /// The bytes of the records that begin in these lines, without their line ends; nil: they are not there any more.
    ///
    /// - Parameter lines: of `BatchOrigin.lines`, ascending, each once.
    func read(lines: [Int64]) -> [[UInt8]]?
}
