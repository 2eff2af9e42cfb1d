// What Swift cannot express: CRC32C instructions, SIMD byte scans that inline into Swift loops, renameat2, mallopt,
// futexes, and of processes what Swift's Glibc does not show.
#ifndef SLUICE_CKERNELS_H
#define SLUICE_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CFormat.h"
#include "CProcess.h"
#include "CRecords.h"
#include "CScan.h"

/// CRC32C (Castagnoli) of `length` bytes, continued from `seed` (0 to begin).
uint32_t sluice_crc32c(uint32_t seed, const void *bytes, size_t length);

/// Renames without replacing: 0, or -1 with errno (EEXIST where the target is there).
int sluice_rename_noreplace(const char *from, const char *to);

/// Maps the first page of a file, shared: NULL with errno.
uint32_t *sluice_map_page(int descriptor);

/// A word that processes share: what it holds now.
uint32_t sluice_load(const uint32_t *word);

/// Counts the word up and wakes everybody who waits on it.
void sluice_raise(uint32_t *word);

/// Waits as long as the word holds `value`, at most so many milliseconds; negative: without a limit. May return early.
void sluice_wait(const uint32_t *word, uint32_t value, long long milliseconds);

/// Keeps freed memory of up to some hundreds of MB in the process, so that a batch's buffers are not mapped anew each time.
void sluice_keep_freed_memory(void);

/// Takes that back as far as a process that may use only so many bytes cannot afford it. Called before threads start.
void sluice_bound_kept_memory(long long total);

/// Names the calling thread for debuggers and `top`; at most 15 bytes are kept.
void sluice_name_thread(const char *name);

/// Has the cache line at `address` fetched; any address will do.
static inline void sluice_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
