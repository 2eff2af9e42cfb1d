#include "CRecords.h"

#include <string.h>

#include "CFormat.h"

// Records and fields out of bit masks, a bit per byte of a block of 64. In a block without quotes and carriage returns, every
// delimiter and line feed ends a field. Where there are quotes, the exclusive or of all quotes up to a byte says whether it
// stands inside (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 2019); that is right as long as
// every quote that opens a field stands at its beginning or right behind one that closes (a doubled quote), and every one
// that closes is followed by a delimiter, a line end or a quote. The first byte for which this does not hold ends the work:
// what was cut before it is right, and the caller cuts that record byte by byte.

typedef struct {
    const uint8_t *bytes;
    /// Bits of bytes that are input.
    uint64_t valid;
} block;

static inline uint64_t equal_bits(const block *b, uint8_t byte) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(b->bytes + 16 * i));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << (16 * i);
    }
#else
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++) bits |= (uint64_t)(b->bytes[i] == byte) << i;
#endif
    return bits & b->valid;
}

/// Bits of delimiters and line feeds, and of bytes that need a closer look: quotes, escapes, CR, and all beyond ASCII.
static inline void first_look(const block *b, const sluice_csv_shape *shape, uint64_t *stops, uint64_t *odd) {
    // What is switched off looks for CR once more.
    const uint8_t quote = shape->has_quote ? shape->quote : '\r';
    const uint8_t escape = shape->has_escape ? shape->escape : '\r';
#if defined(__SSE2__)
    const __m128i delimiters = _mm_set1_epi8((char)shape->delimiter);
    const __m128i feeds = _mm_set1_epi8('\n');
    const __m128i returns = _mm_set1_epi8('\r');
    const __m128i quotes = _mm_set1_epi8((char)quote);
    const __m128i escapes = _mm_set1_epi8((char)escape);
    uint64_t found = 0, strange = 0;
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(b->bytes + 16 * i));
        __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiters), _mm_cmpeq_epi8(bytes, feeds));
        // The high bits of the bytes themselves are those beyond ASCII.
        __m128i others = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, escapes)),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, returns), bytes));
        found |= (uint64_t)(uint32_t)_mm_movemask_epi8(ends) << (16 * i);
        strange |= (uint64_t)(uint32_t)_mm_movemask_epi8(others) << (16 * i);
    }
#else
    uint64_t found = 0, strange = 0;
    for (int i = 0; i < 64; i++) {
        uint8_t c = b->bytes[i];
        found |= (uint64_t)(c == shape->delimiter || c == '\n') << i;
        strange |= (uint64_t)(c == quote || c == escape || c == '\r' || c >= 0x80) << i;
    }
#endif
    *stops = found & b->valid;
    *odd = strange & b->valid;
}

static inline uint64_t beyond_ascii(const block *b) {
#if defined(__SSE2__)
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(b->bytes + 16 * i));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << (16 * i);
    }
#else
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++) bits |= (uint64_t)(b->bytes[i] >> 7) << i;
#endif
    return bits & b->valid;
}

/// Bit i of the result is the exclusive or of bits 0...i.
static inline uint64_t prefix_xor(uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

/// What one block tells the next.
typedef struct {
    /// All ones inside quotes.
    uint64_t inside;
    /// 1 where the block's first byte stands at the beginning of a field, behind a closing quote, behind a CR.
    uint64_t begins;
    uint64_t closed;
    uint64_t returned;
} carries;

typedef struct {
    /// Delimiters and line feeds that end fields.
    uint64_t stops;
    /// Line feeds inside quotes.
    uint64_t feeds;
    /// The second of two quotes that stand for one.
    uint64_t doubled;
    /// The lowest bit is the first byte that is not regular.
    uint64_t irregular;
    _Bool beyond_ascii;
} closer_look;

static inline closer_look look_closer(const block *b, const sluice_csv_shape *shape, uint64_t stops, carries *carry) {
    closer_look seen = {.stops = stops};
    const uint64_t last = 1ull << 63;
    const uint64_t feeds = equal_bits(b, '\n');
    uint64_t returns = equal_bits(b, '\r');
    seen.beyond_ascii = beyond_ascii(b) != 0;
    if (shape->has_escape) seen.irregular |= equal_bits(b, shape->escape);
    uint64_t begins = stops >> 63, closed = 0;
    if (shape->has_quote) {
        const uint64_t quotes = equal_bits(b, shape->quote);
        // From an opening quote up to the byte before the closing one.
        const uint64_t inside = prefix_xor(quotes) ^ carry->inside;
        const uint64_t opening = quotes & inside;
        const uint64_t closing = quotes & ~inside;
        const uint64_t behind_closing = (closing << 1 | carry->closed) & b->valid;
        seen.irregular |= opening & ~(stops << 1 | carry->begins | behind_closing);
        seen.irregular |= behind_closing & ~(stops | returns | quotes);
        seen.doubled = opening & behind_closing;
        seen.feeds = feeds & inside;
        seen.stops &= ~inside;
        returns &= ~inside;
        closed = closing >> 63;
        carry->inside = (inside & last) ? ~0ull : 0;
    }
    seen.irregular |= returns & ~last & ~(feeds >> 1);
    seen.irregular |= carry->returned & ~feeds & b->valid;
    carry->begins = begins;
    carry->closed = closed;
    carry->returned = returns >> 63;
    return seen;
}

static inline _Bool begins_otherwise(const uint8_t *base, size_t at, size_t end, const sluice_csv_shape *shape) {
    if (!shape->has_comments || at >= end) return 0;
    return base[at] == '#' || base[at] == ' ' || base[at] == '\n' || base[at] == '\r';
}

/// Takes back records of which one is not UTF-8, and all after it.
static size_t keep_utf8(
    const uint8_t *base, size_t from, size_t at, const sluice_csv_record *records, size_t *count, uint32_t *line) {
    size_t valid = from + sluice_utf8_prefix(base + from, base + at);
    if (valid == at) return at;
    while (*count > 0 && records[*count - 1].offset > valid) *count -= 1;
    *count -= 1;
    *line = records[*count].line;
    return records[*count].offset;
}

/// The record being cut, and where records go.
typedef struct {
    size_t start;
    size_t field_begin;
    sluice_csv_field *row;
    int32_t field;
    uint32_t line;
    /// Line feeds in it, so far.
    uint32_t feeds;
    /// A doubled quote is in the field.
    _Bool doubled;
    sluice_csv_record *records;
    sluice_csv_record *full;
} cursor;

/// Takes the line end at `stop`; false: the record is not regular.
static inline _Bool end_record(cursor *c, size_t stop, uint32_t feeds, const sluice_csv_shape *shape, _Bool is_empty) {
    const _Bool has_trailing_delimiter = c->field == shape->field_count + 1 && is_empty;
    if (c->field != shape->field_count && !has_trailing_delimiter) return 0;
    if (stop - c->start >= SLUICE_CSV_LONGEST) return 0;
    *c->records++ = (sluice_csv_record){(uint32_t)c->start, c->line};
    c->line += 1 + c->feeds + feeds;
    c->feeds = 0;
    c->start = stop + 1;
    c->row += shape->slot_count;
    c->field = 0;
    return 1;
}

/// Ends fields at bytes of a block in which, or before which, nothing but delimiters and line feeds counts. false: done.
static inline _Bool cut_plain(
    cursor *c, const uint8_t *base, size_t end, size_t offset, uint64_t stops, const sluice_csv_shape *shape) {
    const int32_t *slots = shape->slots;
    while (stops) {
        const size_t stop = offset + (size_t)__builtin_ctzll(stops);
        stops &= stops - 1;
        const size_t length = stop - c->field_begin;
        c->row[slots[c->field]] = (sluice_csv_field){(uint32_t)c->field_begin, (uint32_t)length};
        c->field_begin = stop + 1;
        c->field += 1;
        if (base[stop] != '\n') {
            if (c->field > shape->field_count) return 0;
            continue;
        }
        if (!end_record(c, stop, 0, shape, length == 0)) return 0;
        if (c->records == c->full || begins_otherwise(base, stop + 1, end, shape)) return 0;
    }
    return 1;
}

/// The same, where there are quotes, carriage returns or text beyond ASCII.
static inline _Bool cut_closely(
    cursor *c, const uint8_t *base, size_t end, size_t offset, closer_look seen, const sluice_csv_shape *shape) {
    if (seen.irregular) seen.stops &= (seen.irregular & (0 - seen.irregular)) - 1;
    while (seen.stops) {
        const uint64_t below = (seen.stops & (0 - seen.stops)) - 1;
        const size_t stop = offset + (size_t)__builtin_ctzll(seen.stops);
        seen.stops &= seen.stops - 1;
        const _Bool is_end = base[stop] == '\n';
        size_t begin = c->field_begin;
        size_t length = stop - begin;
        if (is_end && length > 0 && base[stop - 1] == '\r') length -= 1;
        uint32_t marks = 0;
        const _Bool is_empty = length == 0;
        if (shape->has_quote && !is_empty && base[begin] == shape->quote) {
            begin += 1;
            length -= 2;
            if (c->doubled || (seen.doubled & below)) marks = SLUICE_CSV_ESCAPED;
            c->doubled = 0;
            seen.doubled &= ~below;
        }
        c->row[shape->slots[c->field]] = (sluice_csv_field){(uint32_t)begin, (uint32_t)length | marks};
        c->field_begin = stop + 1;
        c->field += 1;
        if (!is_end) {
            if (c->field > shape->field_count) return 0;
            continue;
        }
        const uint32_t feeds = seen.feeds & below ? (uint32_t)__builtin_popcountll(seen.feeds & below) : 0;
        if (!end_record(c, stop, feeds, shape, is_empty)) return 0;
        seen.feeds &= ~below;
        if (c->records == c->full || begins_otherwise(base, stop + 1, end, shape)) return 0;
    }
    if (seen.feeds) c->feeds += (uint32_t)__builtin_popcountll(seen.feeds);
    c->doubled |= seen.doubled != 0;
    return seen.irregular == 0;
}

size_t sluice_csv_regular(
    const uint8_t *base, size_t at, size_t end, const sluice_csv_shape *shape, size_t most,
    sluice_csv_field *fields, sluice_csv_record *records, size_t *count, uint32_t *line) {
    const sluice_csv_shape look = *shape;
    if (*count >= most || begins_otherwise(base, at, end, &look)) return at;
    cursor c = {.start = at, .field_begin = at, .row = fields + *count * (size_t)look.slot_count, .line = *line,
                .records = records + *count, .full = records + most};
    carries carry = {.begins = 1};
    _Bool beyond = 0;
    for (size_t offset = at; offset < end; offset += 64) {
        const block b = {base + offset, end - offset < 64 ? (1ull << (end - offset)) - 1 : ~0ull};
        uint64_t stops, odd;
        first_look(&b, &look, &stops, &odd);
        if (odd | carry.inside | carry.closed | carry.returned) {
            const closer_look seen = look_closer(&b, &look, stops, &carry);
            beyond |= seen.beyond_ascii;
            if (!cut_closely(&c, base, end, offset, seen, &look)) break;
        } else {
            carry.begins = stops >> 63;
            if (!cut_plain(&c, base, end, offset, stops, &look)) break;
        }
    }
    *count = (size_t)(c.records - records);
    *line = c.line;
    return beyond ? keep_utf8(base, at, c.start, records, count, line) : c.start;
}
