// Cuts delimited records 64 bytes at a time; see `CSVRecords.c`.
#ifndef SLUICE_CRECORDS_H
#define SLUICE_CRECORDS_H

#include <stddef.h>
#include <stdint.h>

/// A field's text within the input, without its quotes: its length in the lower 30 bits, and marks.
typedef struct {
    uint32_t offset;
    uint32_t length_and_marks;
} sluice_csv_field;

/// The text is not the value: quotes are doubled or bytes are escaped inside.
#define SLUICE_CSV_ESCAPED 0x80000000u

/// Bytes of a record, at most.
#define SLUICE_CSV_LONGEST (16 << 20)

/// Where a record begins, and the line feeds before it.
typedef struct {
    uint32_t offset;
    uint32_t line;
} sluice_csv_record;

typedef struct {
    uint8_t delimiter;
    uint8_t quote;
    uint8_t escape;
    _Bool has_quote;
    _Bool has_escape;
    /// Lines that are empty or begin with `#` or a blank are not regular.
    _Bool has_comments;
    int32_t field_count;
    /// Slots that a record has in the array of fields.
    int32_t slot_count;
    /// For each field of a record its slot, and one more for a field that should not be there.
    const int32_t *slots;
} sluice_csv_shape;

/// Cuts regular records of `base[at ..< end]` until one is not regular, `end`, or `most` are there in all; `count` and `line`
/// are brought up. Returns the place behind the last one cut. Reads up to 63 bytes beyond `end`.
///
/// A regular record has as many fields as the shape says, or an empty one more, and ends in LF or CRLF; a quote stands only
/// around or, doubled, in a field; nothing is escaped; it is UTF-8, and has less than `SLUICE_CSV_LONGEST` bytes.
size_t sluice_csv_regular(
    const uint8_t *base, size_t at, size_t end, const sluice_csv_shape *shape, size_t most,
    sluice_csv_field *fields, sluice_csv_record *records, size_t *count, uint32_t *line);

#endif
