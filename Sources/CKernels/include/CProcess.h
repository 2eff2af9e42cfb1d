// Processes: what glibc has for them and Swift's Glibc does not show.
#ifndef SLUICE_CPROCESS_H
#define SLUICE_CPROCESS_H

/// Starts arguments[0] (a path) as a process of its own session: standard input from /dev/null, both outputs appended to the
/// file `log`, no other descriptor of ours, no signal blocked or ignored. Both arrays end with NULL.
/// Returns 0, or an error number.
int sluice_spawn(
    char *const *arguments, char *const *environment, const char *directory, const char *log, int *process);

/// A descriptor that is readable once the process has ended, and that never means another one: −1 with errno.
int sluice_pidfd_open(int process);

/// 0, or −1 with errno (ESRCH: it has ended).
int sluice_pidfd_signal(int descriptor, int signal);

/// A counter to wait for by poll(2): −1 with errno.
int sluice_eventfd(void);

#endif
