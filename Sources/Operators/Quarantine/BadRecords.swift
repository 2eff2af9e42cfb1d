import Dataflow

extension LinkContext {
    /// What this subtask does with what does not fit.
    var badRecords: BadRecordPolicy {
        guard settings.skipsBadRecords else { return .fail }
        return settings.quarantinesBadRecords && sideOutput != nil ? .quarantine : .skip
    }
}
