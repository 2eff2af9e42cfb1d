/// Seeds that have failed, and what they found. A change of the generators makes other runs of them; they are kept all the
/// same: a seed costs nothing.
enum KeptSeeds {
    static let ofTopics: [UInt64] = [
        2023,  // unfinished merges were listed before the merge lock was held
        40726,  // what a failed append had left came back with a power loss, when others had gone on without it
        4803,  // a journal that was written anew was read twice, with other bytes the second time
    ]
    static let ofChains: [UInt64] = [
        15829,  // a segment that was removed came back with a power loss, where rows were published since
        3798,  // a reader had read ahead an entry that came to nothing, and took it for the next one
    ]
    static let ofDeployments: [UInt64] = [
        247  // a live version with two scans of a topic committed on its way to a switch, where they stood apart
    ]
    static let ofJobs: [UInt64] = [
        20_700,  // what a query works out had the name of a column that stands beside it
        7, 9, 91,  // two window operators of one name shared one count of late rows
        651, 901,  // the model counted late rows that a filter over windows had spared
        14179,  // after a change of parallelism, a crash between the renames of old and of new subtasks
        61,  // the simulator itself: a schedule that gives nearly all turns to the coordinator
    ]
}
