import HostSystem

/// A rule of the commit protocol that can be left out, to see whether a simulation notices.
package struct PlantedBug: Hashable, Sendable, CustomStringConvertible {
    package var name: String
    package var rule: Safeguards

    package var description: String { name }

    private init(_ name: String, _ rule: Safeguards) {
        self.name = name
        self.rule = rule
    }

    /// Found by `EpochSimulation`.
    package static let ofEpochs = [
        PlantedBug("partsync", .partsync), PlantedBug("deltasync", .deltasync), PlantedBug("dirsync", .dirsync),
        PlantedBug("entrysync", .entrysync), PlantedBug("noreplace", .noreplace), PlantedBug("pendsync", .pendsync),
        PlantedBug("ingest", .ingest), PlantedBug("cut", .cut), PlantedBug("delete", .delete),
        PlantedBug("openlen", .openlen), PlantedBug("settle", .settle), PlantedBug("skip", .skip),
        PlantedBug("ident", .ident), PlantedBug("failstop", .failstop), PlantedBug("donesync", .donesync),
        PlantedBug("taken", .taken),
    ]

    /// Found by `JobSimulation`.
    package static let ofJobs = [
        PlantedBug("align", .align), PlantedBug("wholeBatch", .wholeBatch),
        PlantedBug("evictMaterialised", .evictMaterialised),
        PlantedBug("rowsFirst", .rowsFirst), PlantedBug("ownWatermark", .ownWatermark),
        PlantedBug("deletedRanges", .deletedRanges),
    ]

    /// Found by `TopicSimulation`.
    package static let ofTopics = [
        PlantedBug("segsync", .segsync), PlantedBug("segdirsync", .segdirsync), PlantedBug("segcut", .segcut),
        PlantedBug("segfolder", .segfolder), PlantedBug("reread", .reread), PlantedBug("again", .again),
        PlantedBug("writerLock", .writerLock),
        // The journal's, by what they do to rows.
        PlantedBug("durable", .durable), PlantedBug("first", .first), PlantedBug("poison", .poison),
        PlantedBug("mark", .mark), PlantedBug("file", .file), PlantedBug("producers", .producers),
    ]

    /// Found by `ChainSimulation`.
    package static let ofChains = [
        PlantedBug("oneEntry", .oneEntry), PlantedBug("segsync of sinks", .segsync),
        PlantedBug("segcut of sinks", .segcut),
    ]

    /// Found by `CutoverExploration`.
    package static let ofCutovers = [
        // What is read beyond the cut is not committed; nor is it read, but for what was read in another role.
        PlantedBug("shadow", [.shadow, .shadowReads]), PlantedBug("generation", [.generation, .shadow]),
        // Who does not stand at the cut is not made live.
        PlantedBug("atTheCut", [.atTheCut, .standsAtLimit]),
        PlantedBug("standsStill", .standsStill), PlantedBug("bothStand", .bothStand),
        PlantedBug("attemptLive", .attemptLive),
        PlantedBug("spliceOpen", .spliceOpen), PlantedBug("spliceNewest", .spliceNewest),
        PlantedBug("releaseOpen", .releaseOpen), PlantedBug("standTimeout", .standTimeout),
    ]

    package static let all = ofEpochs + ofTheJournal + ofJobs + ofTopics + ofChains + ofCutovers

    /// Found by `JournalSimulation`.
    package static let ofTheJournal = [
        PlantedBug("journalSettle", .journalSettle), PlantedBug("marks", .marks), PlantedBug("selfver", .selfver),
        PlantedBug("poison", .poison), PlantedBug("mark", .mark), PlantedBug("first", .first),
        PlantedBug("journalDirsync", .journalDirsync), PlantedBug("finish", .finish),
        // What a lost look-up breaks, the file's identity makes good.
        PlantedBug("lookup", [.lookup, .file]),
        PlantedBug("turns", .turns), PlantedBug("ownend", .ownend), PlantedBug("file", .file),
        PlantedBug("rollsync", .rollsync), PlantedBug("durable", .durable), PlantedBug("rsettle", .rsettle),
        PlantedBug("publishedEnd", .publishedEnd), PlantedBug("producers", .producers),
    ]
}
