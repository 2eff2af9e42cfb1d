// Byte scans for readers of records: 16 bytes at a time with SSE2 (part of every x86-64), byte by byte elsewhere. All are
// static inline, so that they end up inside the Swift loops that call them. Bytes are read, never judged as data, up to 31
// beyond the place where a scan stops: the caller keeps 64 readable bytes after its input, and an input ends in a newline,
// which stops every scan.
#ifndef SLUICE_CSCAN_H
#define SLUICE_CSCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// A stretch of bytes between two values, and what follows it. See `JSONStretches.swift`.
typedef struct {
    uint8_t bytes[32];
    /// A bit for each byte that counts; equal to `wanted` in a stretch that can match, different from it in one that never does.
    uint32_t mask;
    uint32_t wanted;
    int32_t length;
    /// The stretch that came next last time, as an index.
    int32_t next;
    /// The context in which the stretch after this one's value is looked up.
    int32_t following;
    int32_t field;
    /// For an object: its opening entry. For a value: its column storage.
    int32_t target;
    uint8_t op;
    /// What is done instead in a record that a predicate has dropped.
    uint8_t checkOp;
    uint8_t isTested;
    uint8_t unused;
} sluice_stretch;

static inline _Bool sluice_stretch_matches(const sluice_stretch *s, const uint8_t *p) {
#if defined(__SSE2__)
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), _mm_loadu_si128((const __m128i *)s->bytes));
    __m128i high =
        _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 16)), _mm_loadu_si128((const __m128i *)(s->bytes + 16)));
    uint32_t equal = (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
    return (equal & s->mask) == s->wanted;
#else
    return s->mask == s->wanted && memcmp(p, s->bytes, (size_t)s->length) == 0;
#endif
}

/// A bit for each of 8 keys that equals `key`.
static inline uint32_t sluice_equal_keys(const uint32_t *keys, uint32_t key) {
#if defined(__SSE2__)
    __m128i wanted = _mm_set1_epi32((int)key);
    __m128i low = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)keys), wanted);
    __m128i high = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(keys + 4)), wanted);
    __m128i words = _mm_packs_epi32(low, high);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(words, _mm_setzero_si128()));
#else
    uint32_t equal = 0;
    for (int i = 0; i < 8; i++) equal |= (uint32_t)(keys[i] == key) << i;
    return equal;
#endif
}

#if defined(__SSE2__)
/// A bit for each of 16 bytes that ends a run of plain string characters: `"`, `\`, controls, and everything beyond ASCII.
static inline uint32_t sluice_string_stops(__m128i bytes) {
    // Signed: bytes from 0x80 on are negative, so one comparison finds them and the controls.
    __m128i special = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    return (uint32_t)_mm_movemask_epi8(special);
}
#else
static inline _Bool sluice_string_stops(uint8_t c) { return c < 0x20 || c >= 0x80 || c == '"' || c == '\\'; }
#endif

/// The first byte from `p` on that is `"`, `\`, a control or beyond ASCII.
static inline const uint8_t *sluice_string_stop(const uint8_t *p) {
#if defined(__SSE2__)
    for (;; p += 16) {
        uint32_t stops = sluice_string_stops(_mm_loadu_si128((const __m128i *)p));
        if (stops) return p + __builtin_ctz(stops);
    }
#else
    while (!sluice_string_stops(*p)) p++;
    return p;
#endif
}

/// As `sluice_string_stop`, copying what it passes, and up to 16 bytes more. NULL where it would write 16 bytes from behind
/// `limit` on.
static inline const uint8_t *sluice_string_copy(const uint8_t *p, uint8_t *to, const uint8_t *limit) {
#if defined(__SSE2__)
    for (;; p += 16, to += 16) {
        if (to > limit) return NULL;
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        _mm_storeu_si128((__m128i *)to, bytes);
        uint32_t stops = sluice_string_stops(bytes);
        if (stops) return p + __builtin_ctz(stops);
    }
#else
    while (!sluice_string_stops(*p)) {
        if (to > limit) return NULL;
        *to++ = *p++;
    }
    return to > limit ? NULL : p;
#endif
}

/// The digits at `p`, at most 16 of them: their number, and in `value` what they say. 16 may mean more.
static inline uint32_t sluice_digits(const uint8_t *p, uint64_t *value) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    static const uint64_t powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t total = 0;
    uint32_t count = 0;
    for (int half = 0; half < 2; half++) {
        uint64_t word;
        memcpy(&word, p + count, 8);
        word ^= 0x3030303030303030u;
        // The lowest set bit is right: a carry only reaches bytes behind the first one that is no digit.
        uint64_t others = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
        uint32_t digits = others ? (uint32_t)__builtin_ctzll(others) >> 3 : 8;
        // Eight digits with zeros in front; two shifts, for a shift by 64 is undefined.
        word = word << (4 * (8 - digits)) << (4 * (8 - digits));
        word = (word * 10 + (word >> 8)) & 0x00FF00FF00FF00FFu;
        word = (word * 100 + (word >> 16)) & 0x0000FFFF0000FFFFu;
        word = (word * 10000 + (word >> 32)) & 0xFFFFFFFFu;
        total = total * powers[digits] + word;
        count += digits;
        if (digits < 8) break;
    }
    *value = total;
    return count;
#else
    uint64_t total = 0;
    uint32_t count = 0;
    for (; count < 16 && (uint8_t)(p[count] - '0') <= 9; count++) total = total * 10 + (uint64_t)(p[count] - '0');
    *value = total;
    return count;
#endif
}

/// Reads `12.5` of exactly `length` bytes and at most 18 digits, as `mantissa` / 10^`decimals`.
static inline _Bool sluice_plain_decimal(const uint8_t *p, size_t length, uint64_t *mantissa, uint32_t *decimals) {
    static const uint64_t powers[17] = {
        1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull, 1000000000ull,
        10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull, 100000000000000ull, 1000000000000000ull,
        10000000000000000ull};
    uint32_t digits = sluice_digits(p, mantissa);
    size_t end = digits;
    *decimals = 0;
    if (end < length && p[end] == '.') {
        uint64_t part;
        *decimals = sluice_digits(p + end + 1, &part);
        digits += *decimals;
        end += 1 + *decimals;
        if (digits > 18) return 0;
        *mantissa = *mantissa * powers[*decimals] + part;
    }
    return digits > 0 && end == length;
}

/// As `sluice_plain_decimal`, for a text of 1 to 8 bytes: its point is taken out, and what is left is converted at once.
static inline _Bool sluice_short_decimal(const uint8_t *p, size_t length, uint64_t *mantissa, uint32_t *decimals) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;
    memcpy(&word, p, 8);
    // The text at the end of the word, zeros in front.
    word = (word ^ 0x3030303030303030u) << (8 * (8 - length));
    uint64_t points = word ^ 0x1E1E1E1E1E1E1E1Eu;  // '.' ^ '0'
    points = (points - 0x0101010101010101u) & ~points & 0x8080808080808080u;
    *decimals = 0;
    if (points) {
        if (length == 1) return 0;
        uint32_t shift = (uint32_t)__builtin_ctzll(points) & 0x38;
        uint64_t before = word & (((uint64_t)1 << shift) - 1);
        uint64_t behind = word >> shift >> 8 << shift << 8;
        word = behind | before << 8;
        *decimals = 7 - shift / 8;
    }
    if (((word + 0x7676767676767676u) | word) & 0x8080808080808080u) return 0;
    word = (word * 10 + (word >> 8)) & 0x00FF00FF00FF00FFu;
    word = (word * 100 + (word >> 16)) & 0x0000FFFF0000FFFFu;
    *mantissa = (word * 10000 + (word >> 32)) & 0xFFFFFFFFu;
    return 1;
#else
    return sluice_plain_decimal(p, length, mantissa, decimals);
#endif
}

/// 10^`exponent`, exact, for an exponent up to 22.
static inline double sluice_power_of_ten(uint32_t exponent) {
    static const double powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return powers[exponent];
}

/// The milliseconds of `:SS.mmm"`, or -1 where something else stands.
static inline int64_t sluice_second_milliseconds(const uint8_t *p) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;
    memcpy(&word, p, 8);
    word ^= 0x223030302E30303Au;  // `:00.000"`: digits become their values, the rest 0
    uint64_t wrong = (((word + 0x7676767676767676u) | word) & 0x8080808080808080u) | (word & 0xFF000000FF0000FFu);
    uint32_t tens = (word >> 8) & 0xFF;
    if (wrong != 0 || tens > 5) return -1;
    return tens * 10000 + ((word >> 16) & 0xFF) * 1000 + ((word >> 32) & 0xFF) * 100 + ((word >> 40) & 0xFF) * 10
        + ((word >> 48) & 0xFF);
#else
    for (int i = 1; i < 7; i++)
        if (i != 3 && (uint8_t)(p[i] - '0') > 9) return -1;
    if (p[0] != ':' || p[3] != '.' || p[7] != '"' || p[1] > '5') return -1;
    return (p[1] - '0') * 10000 + (p[2] - '0') * 1000 + (p[4] - '0') * 100 + (p[5] - '0') * 10 + (p[6] - '0');
#endif
}

/// The microseconds of `:SS.uuuuuu"`, or -1 where something else stands.
static inline int64_t sluice_second_microseconds(const uint8_t *p) {
    uint8_t start[8];
    memcpy(start, p, 7);
    start[7] = '"';
    int64_t milliseconds = sluice_second_milliseconds(start);
    uint8_t hundreds = (uint8_t)(p[7] - '0'), tens = (uint8_t)(p[8] - '0'), ones = (uint8_t)(p[9] - '0');
    if (milliseconds < 0 || hundreds > 9 || tens > 9 || ones > 9 || p[10] != '"') return -1;
    return milliseconds * 1000 + hundreds * 100 + tens * 10 + ones;
}

#endif
