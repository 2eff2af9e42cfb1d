/// RFC 4648, with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var (held, bits) = (0, 0)
        for byte in bytes {
            held = (held << 8 | Int(byte)) & 0xFFFF
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[held >> bits & 63])
            }
        }
        if bits > 0 { text.append(alphabet[held << (6 - bits) & 63]) }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }
}
