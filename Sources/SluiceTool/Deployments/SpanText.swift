import HostSystem

/// Times as people read them.
package enum SpanText {
    /// `0.4 s`, `14 s`, `3 min 2 s`, `3 h 2 min`, `2 d 3 h`
    package static func text(milliseconds: Int) -> String {
        let milliseconds = max(0, milliseconds)
        if milliseconds < 10_000 { return RunDisplay.tenths(Double(milliseconds) / 1000) + " s" }
        let seconds = milliseconds / 1000
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        if seconds < 86_400 { return "\(seconds / 3600) h \(seconds % 3600 / 60) min" }
        return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }

    /// Of what is still to come, in whole seconds, upwards.
    package static func estimate(seconds: Double) -> String {
        let whole = Int(min(max(seconds.isNaN ? 0 : seconds, 0), 1e9).rounded(.up))
        return whole < 10 ? "\(whole) s" : text(milliseconds: whole * 1000)
    }

    /// `2026-01-02 03:04:05.678Z`
    package static func time(milliseconds: Int) -> String {
        String(CivilTime.text(milliseconds: Int64(milliseconds)).map { $0 == "T" ? " " : $0 })
    }

    /// `2026-01-02 03:04:05Z`
    package static func second(milliseconds: Int) -> String {
        String(time(milliseconds: milliseconds).dropLast(5)) + "Z"
    }
}
