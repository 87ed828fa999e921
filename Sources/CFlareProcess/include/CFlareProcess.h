#ifndef CFLARE_PROCESS_H
#define CFLARE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/// How a child process is created by `flare_spawn`.
typedef struct {
    /// Absolute path of the program.
    const char *_Nonnull path;
    /// NULL-terminated argument and environment lists.
    char *const _Nullable *_Nonnull arguments;
    char *const _Nullable *_Nonnull environment;
    /// Working directory, or NULL for the parent's.
    const char *_Nullable directory;
    /// Descriptors that become 0, 1 and 2 of the child; -1 for /dev/null.
    int standard_input;
    int standard_output;
    int standard_error;
    /// A descriptor that becomes 3 of the child, or -1 for none.
    int extra;
    /// RLIMIT_DATA in bytes, or 0 for the parent's limit.
    uint64_t data_limit_bytes;
    /// Nonzero: the child is killed when the *thread* that called `flare_spawn` ends (PR_SET_PDEATHSIG).
    int dies_with_thread;
} flare_spawn_options;

/// Starts a child in a session of its own, with every other descriptor closed and default signal handling.
/// Returns its pid, or -errno. Failures of exec in the child are reported too, not only those of fork.
pid_t flare_spawn(const flare_spawn_options *_Nonnull options);

/// Waits for a child. Returns its exit status, 256 + signal number when a signal ended it, or -errno.
int flare_wait(pid_t pid);

/// pipe2(2) with O_CLOEXEC. Returns 0, or an errno.
int flare_pipe(int *_Nonnull ends);

/// A descriptor that becomes readable when the process ends, or -1 when there is none with this pid.
int flare_pidfd_open(pid_t pid);

/// A descriptor that becomes readable when the file is written to (inotify(7)), or -1.
int flare_watch(const char *_Nonnull path);

/// A descriptor for `flare_watch_directory` whose reads give `struct inotify_event`, or -errno.
int flare_watch_open(void);

/// Watches what is written, made, moved and deleted in a directory, not below it.
/// Returns the number by which events name the directory, the same for a directory that is watched already; or -errno.
int flare_watch_directory(int descriptor, const char *_Nonnull path);

/// Has SIGINT and SIGTERM written to a pipe, a byte with the signal's number each, instead of ending the process.
/// Returns the end to read from, or -errno. Call once.
int flare_signal_pipe(void);

#endif
