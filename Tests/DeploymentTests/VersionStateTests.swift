import Deployment
import Testing

@Suite struct VersionStateTests {
    /// Rows: from; columns: to. As a picture, so that a change of the table is a change of this one too.
    static let picture = """
                       PL RE CA IN AU RY CU GU LI ST RT AB FA SL RB
        PLANNED         .  x  x  .  .  .  .  .  x  .  .  x  x  .  .
        REPLAYING       .  .  x  .  .  .  .  .  .  .  .  x  x  x  .
        CATCHING_UP     .  x  .  x  .  .  .  .  .  .  .  x  x  x  .
        IN_SYNC         .  .  x  .  x  x  x  .  .  .  .  x  x  .  .
        AUDITING        .  .  x  x  .  x  x  .  .  .  .  x  x  .  .
        READY           .  .  x  x  x  .  x  .  .  .  .  x  x  .  .
        CUTTING_OVER    .  .  .  x  .  x  .  x  x  x  .  x  x  .  .
        GUARDED         .  .  .  .  .  .  .  .  x  x  .  .  x  .  x
        LIVE            .  .  .  .  .  .  .  .  .  x  x  .  x  .  x
        STANDBY         .  .  .  .  .  .  x  .  .  .  x  .  x  .  .
        RETIRED         .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
        ABORTED         .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
        FAILED          .  x  x  .  .  .  .  x  x  x  x  x  .  .  x
        STALLED         .  x  x  .  .  .  .  .  .  .  .  x  x  .  .
        ROLLED_BACK     .  .  .  .  .  .  .  .  .  .  x  .  .  .  .
        """

    @Test func everyPairIsAsInThePicture() throws {
        let rows = Self.picture.split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
        #expect(rows.map { String($0[0]) } == VersionState.allCases.map(\.rawValue))
        for (row, from) in zip(rows, VersionState.allCases) {
            try #require(row.count == VersionState.allCases.count + 1)
            for (mark, to) in zip(row.dropFirst(), VersionState.allCases) {
                #expect(to.mayFollow(from) == (mark == "x"), "\(from.rawValue) → \(to.rawValue)")
            }
        }
    }

    @Test func aVersionBeginsPlanned() {
        for state in VersionState.allCases { #expect(state.mayFollow(nil) == (state == .planned)) }
    }

    @Test func everyStateIsReached() {
        var reached: Set<VersionState> = [.planned]
        while true {
            let next = reached.union(reached.flatMap(\.followers))
            if next == reached { break }
            reached = next
        }
        #expect(reached == Set(VersionState.allCases))
    }

    @Test func whatIsPublishedIsNeverAborted() {
        for state in VersionState.allCases where state.isPublished { #expect(!VersionState.aborted.mayFollow(state)) }
        #expect(VersionState.allCases.filter(\.isEnd) == [.retired, .aborted, .rolledBack])
    }
}
