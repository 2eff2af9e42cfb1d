// Byte scans of the CSV reader and the writers: 16 bytes at a time with SSE2 (part of every x86-64), byte by byte elsewhere.
// All are static inline, so that they end up inside the Swift loops that call them. A scan between two pointers may read up
// to 15 bytes beyond the second one, and never judges them, unless it says otherwise.
#ifndef SLUICE_CFORMAT_H
#define SLUICE_CFORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// The first `delimiter`, `escape`, line feed or carriage return in `p ..< end`, else `end`. `beyondASCII` becomes other than 0
/// where a byte before it is beyond ASCII. Without escapes, `escape` is the delimiter.
static inline const uint8_t *sluice_csv_stop(
    const uint8_t *p, const uint8_t *end, uint8_t delimiter, uint8_t escape, uint32_t *beyondASCII) {
#if defined(__SSE2__)
    const __m128i delimiters = _mm_set1_epi8((char)delimiter);
    const __m128i escapes = _mm_set1_epi8((char)escape);
    for (; p < end; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        __m128i stops = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiters), _mm_cmpeq_epi8(bytes, escapes)),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r'))));
        uint32_t found = (uint32_t)_mm_movemask_epi8(stops);
        uint32_t high = (uint32_t)_mm_movemask_epi8(bytes);
        if (found) {
            *beyondASCII |= high & (found - 1) & ~found;
            p += __builtin_ctz(found);
            return p < end ? p : end;
        }
        *beyondASCII |= high;
    }
    return end;
#else
    for (; p < end && *p != delimiter && *p != escape && *p != '\n' && *p != '\r'; p++) *beyondASCII |= *p & 0x80;
    return p;
#endif
}

/// The first quote or `escape` in `p ..< end`, else `end`; counts the line feeds before it. Without escapes, `escape` is the
/// quote.
static inline const uint8_t *sluice_csv_quote(
    const uint8_t *p, const uint8_t *end, uint8_t quote, uint8_t escape, uint32_t *beyondASCII, int64_t *lineFeeds) {
#if defined(__SSE2__)
    const __m128i quotes = _mm_set1_epi8((char)quote);
    const __m128i escapes = _mm_set1_epi8((char)escape);
    for (; p < end; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        uint32_t found = (uint32_t)_mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, escapes)));
        uint32_t feeds = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
        uint32_t before = end - p < 16 ? (1u << (end - p)) - 1 : 0xFFFF;
        if (found) before &= (found - 1) & ~found;
        *beyondASCII |= (uint32_t)_mm_movemask_epi8(bytes) & before;
        *lineFeeds += __builtin_popcount(feeds & before);
        if (found) {
            p += __builtin_ctz(found);
            return p < end ? p : end;
        }
    }
    return end;
#else
    for (; p < end && *p != quote && *p != escape; p++) {
        *beyondASCII |= *p & 0x80;
        *lineFeeds += *p == '\n';
    }
    return p;
#endif
}

/// Copies `count` bytes; writes up to 15 more and reads as many.
static inline void sluice_copy_short(uint8_t *to, const uint8_t *from, size_t count) {
#if defined(__SSE2__)
    for (size_t i = 0; i < count; i += 16)
        _mm_storeu_si128((__m128i *)(to + i), _mm_loadu_si128((const __m128i *)(from + i)));
#else
    memcpy(to, from, count);
#endif
}

/// Copies bytes of `p ..< end` up to the first one that JSON escapes (`"`, `\`, controls), and returns how many. Reads nothing
/// at or beyond `readable`; writes up to 15 bytes more than it returns.
static inline size_t sluice_json_plain(uint8_t *to, const uint8_t *p, const uint8_t *end, const uint8_t *readable) {
    const uint8_t *start = p;
#if defined(__SSE2__)
    for (; p < end && readable - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        _mm_storeu_si128((__m128i *)(to + (p - start)), bytes);
        // Unsigned: the larger of a byte and 0x20 is the byte itself, where it is no control.
        __m128i plain = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(0x20)), bytes);
        __m128i special =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
        uint32_t stops = (uint32_t)_mm_movemask_epi8(_mm_andnot_si128(special, plain)) ^ 0xFFFF;
        if (stops) {
            p += __builtin_ctz(stops);
            return (size_t)((p < end ? p : end) - start);
        }
    }
    if (p >= end) return (size_t)(end - start);
#endif
    for (; p < end && *p >= 0x20 && *p != '"' && *p != '\\'; p++) to[p - start] = *p;
    return (size_t)(p - start);
}

/// Copies bytes of `p ..< end` up to the first one that is less than `least` or equal to `other`, and returns how many. Reads
/// nothing at or beyond `readable`; writes up to 15 bytes more than it returns.
static inline size_t sluice_csv_plain(
    uint8_t *to, const uint8_t *p, const uint8_t *end, const uint8_t *readable, uint8_t least, uint8_t other) {
    const uint8_t *start = p;
#if defined(__SSE2__)
    const __m128i lowest = _mm_set1_epi8((char)least);
    const __m128i others = _mm_set1_epi8((char)other);
    for (; p < end && readable - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        _mm_storeu_si128((__m128i *)(to + (p - start)), bytes);
        __m128i plain = _mm_cmpeq_epi8(_mm_max_epu8(bytes, lowest), bytes);
        uint32_t stops = (uint32_t)_mm_movemask_epi8(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, others), plain)) ^ 0xFFFF;
        if (stops) {
            p += __builtin_ctz(stops);
            return (size_t)((p < end ? p : end) - start);
        }
    }
    if (p >= end) return (size_t)(end - start);
#endif
    for (; p < end && *p >= least && *p != other; p++) to[p - start] = *p;
    return (size_t)(p - start);
}

/// Copies bytes of `p ..< end` up to the first `quote` or `escape`, and returns how many. Reads nothing at or beyond
/// `readable`; writes up to 15 bytes more than it returns.
static inline size_t sluice_csv_undoubled(
    uint8_t *to, const uint8_t *p, const uint8_t *end, const uint8_t *readable, uint8_t quote, uint8_t escape) {
    const uint8_t *start = p;
#if defined(__SSE2__)
    const __m128i quotes = _mm_set1_epi8((char)quote);
    const __m128i escapes = _mm_set1_epi8((char)escape);
    for (; p < end && readable - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        _mm_storeu_si128((__m128i *)(to + (p - start)), bytes);
        uint32_t stops =
            (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, escapes)));
        if (stops) {
            p += __builtin_ctz(stops);
            return (size_t)((p < end ? p : end) - start);
        }
    }
    if (p >= end) return (size_t)(end - start);
#endif
    for (; p < end && *p != quote && *p != escape; p++) to[p - start] = *p;
    return (size_t)(p - start);
}

/// The bytes of `p ..< end` before the first one that is not UTF-8 (Unicode 15, table 3-7). Reads nothing beyond `end`.
static inline size_t sluice_utf8_prefix(const uint8_t *p, const uint8_t *end) {
    const uint8_t *start = p;
    while (p < end) {
#if defined(__SSE2__)
        while (end - p >= 16 && _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)p)) == 0) p += 16;
        if (p == end) break;
#endif
        uint8_t lead = *p;
        ptrdiff_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (length == 0 || end - p < length) break;
        if (length > 1) {
            uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
            uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
            if (p[1] < least || p[1] > most) break;
            if (length > 2 && (p[2] & 0xC0) != 0x80) break;
            if (length > 3 && (p[3] & 0xC0) != 0x80) break;
        }
        p += length;
    }
    return (size_t)(p - start);
}

#endif
