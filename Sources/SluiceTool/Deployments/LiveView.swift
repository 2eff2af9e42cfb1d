import Glibc
import HostSystem

/// Shows how a job's versions get on: on a terminal redrawn in place, elsewhere a line for each version when a second has gone
/// by or its state has changed.
struct LiveView {
    enum Place {
        case output, error
    }

    private let place: Place
    private let isTerminal: Bool
    private var frame = LiveFrame()
    /// By version, off a terminal.
    private var told: [Int: (state: String, line: String, nanoseconds: Int64)] = [:]

    init(_ place: Place) {
        self.place = place
        isTerminal =
            isatty(place == .output ? STDOUT_FILENO : STDERR_FILENO) == 1 && !StandardStreams.terminalIsDumb
    }

    var isLive: Bool { isTerminal }

    mutating func show(_ job: JobStatus, time: some TimeSource) {
        guard isTerminal else { return tell(job, time.monotonicNanoseconds()) }
        let (width, height) = StandardStreams.terminalSize(place == .output ? STDOUT_FILENO : STDERR_FILENO)
        let lines = StatusText(
            now: Int(time.wallMilliseconds()), width: width - 1, mostPartitions: max(1, min(16, height - 10))
        ).lines(job)
        write(frame.redraw(lines, width: width, height: height, isColoured: StandardStreams.takesColours))
    }

    private mutating func tell(_ job: JobStatus, _ now: Int64) {
        for version in job.versions where version.number == job.live || version.number == job.candidate {
            let line = StatusText.line(job.job, version)
            if let last = told[version.number] {
                let isDue = now - last.nanoseconds >= 1_000_000_000 || last.state != version.state.rawValue
                guard isDue, line != last.line else { continue }
            }
            told[version.number] = (version.state.rawValue, line, now)
            write(line + "\n")
        }
    }

    private func write(_ text: String) {
        switch place {
        case .output: StandardStreams.output(text)
        case .error: StandardStreams.error(text)
        }
    }
}

extension StandardStreams {
    /// https://no-color.org
    static var takesColours: Bool {
        let isWithout = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        return !isWithout && !terminalIsDumb
    }

    /// It knows no control sequences.
    static var terminalIsDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? false }

    /// 80 columns and 24 rows where it does not say.
    static func terminalSize(_ descriptor: Int32) -> (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1, size.ws_row > 1 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
