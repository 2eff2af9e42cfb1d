#define _GNU_SOURCE
#include "CKernels.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint32_t table[8][256];

__attribute__((constructor)) static void build_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82F63B78u : c >> 1;
        table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++) table[t][i] = (table[t - 1][i] >> 8) ^ table[0][table[t - 1][i] & 0xFF];
}

static uint32_t portable(uint32_t c, const unsigned char *p, size_t n) {
    while (n--) c = (c >> 8) ^ table[0][(c ^ *p++) & 0xFF];
    return c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t c, const unsigned char *p, size_t n) {
    uint64_t wide = c;
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = __builtin_ia32_crc32di(wide, word);
        p += 8;
        n -= 8;
    }
    c = (uint32_t)wide;
    while (n--) c = __builtin_ia32_crc32qi(c, *p++);
    return c;
}
#endif

uint32_t sluice_crc32c(uint32_t seed, const void *bytes, size_t length) {
    uint32_t c = ~seed;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~hardware(c, bytes, length);
#endif
    return ~portable(c, bytes, length);
}

int sluice_rename_noreplace(const char *from, const char *to) {
    long done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1 /* RENAME_NOREPLACE */);
    if (done == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    // A file system without the flag: a hard link never replaces.
    if (link(from, to) != 0) return -1;
    return unlink(from);
}

uint32_t *sluice_map_page(int descriptor) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return page == MAP_FAILED ? NULL : page;
}

uint32_t sluice_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

void sluice_raise(uint32_t *word) {
    __atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void sluice_wait(const uint32_t *word, uint32_t value, long long milliseconds) {
    struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, milliseconds < 0 ? NULL : &limit, NULL, 0);
}

void sluice_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
}

void sluice_bound_kept_memory(long long total) {
    if (total >= 1LL << 30) return;
    long long block = total / 64;
    mallopt(M_MMAP_THRESHOLD, (int)(block < 512 << 10 ? 512 << 10 : block));
    mallopt(M_TRIM_THRESHOLD, (int)(total / 32));
    mallopt(M_TOP_PAD, 256 << 10);
    mallopt(M_ARENA_MAX, 2);
}

void sluice_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
