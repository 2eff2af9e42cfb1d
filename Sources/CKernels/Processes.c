#define _GNU_SOURCE
#include "CProcess.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static int describe(
    posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, const char *directory, const char *log) {
    int failure;
    // The path of the log is ours, not the worker's: it is opened before the directory is changed.
    if ((failure = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0))) return failure;
    failure = posix_spawn_file_actions_addopen(actions, 1, log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0666);
    if (failure) return failure;
    if ((failure = posix_spawn_file_actions_adddup2(actions, 1, 2))) return failure;
    if ((failure = posix_spawn_file_actions_addchdir_np(actions, directory))) return failure;
    if ((failure = posix_spawn_file_actions_addclosefrom_np(actions, 3))) return failure;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if ((failure = posix_spawnattr_setsigmask(attributes, &none))) return failure;
    if ((failure = posix_spawnattr_setsigdefault(attributes, &all))) return failure;
    return posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int sluice_spawn(
    char *const *arguments, char *const *environment, const char *directory, const char *log, int *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    if (!(failure = posix_spawnattr_init(&attributes))) {
        if (!(failure = describe(&actions, &attributes, directory, log))) {
            pid_t child;
            failure = posix_spawn(&child, arguments[0], &actions, &attributes, arguments, environment);
            if (!failure) *process = child;
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

int sluice_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int sluice_pidfd_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

int sluice_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
