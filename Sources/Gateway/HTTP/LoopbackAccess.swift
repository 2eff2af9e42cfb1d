// A page from anywhere, opened in a browser on this machine, can send requests to 127.0.0.1. It must not be able to
// deploy or to read anything: neither from its own origin, which the browser names in `Origin`, nor by a name of its own
// that it lets resolve to 127.0.0.1 (DNS rebinding), which the browser names in `Host`. Programs send no `Origin`.

enum LoopbackAccess {
    /// nil: allowed; else why not.
    static func refusal(host: String?, origin: String?) -> String? {
        guard let host, isLoopback(host) else {
            return "the Host header must name 127.0.0.1 or localhost, not '\(host ?? "")'"
        }
        guard let origin else { return nil }
        for scheme in ["http://", "https://"]
        where origin.hasPrefix(scheme) && isLoopback(origin.dropFirst(scheme.count)) {
            return nil
        }
        return "requests from pages of '\(origin)' are refused"
    }

    /// A name, and a port or none.
    private static func isLoopback(_ authority: some StringProtocol) -> Bool {
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, UInt16(parts[1]) == nil || !parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }) {
            return false
        }
        let name = parts[0].lowercased()
        return name == "127.0.0.1" || name == "localhost"
    }
}
