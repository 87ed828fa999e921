#ifndef CFLARE_PROCESS_H
#define CFLARE_PROCESS_H

#include <stddef.h>
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

/// How a job of the user is created, in the place of a process of flare's own.
typedef struct {
    /// Nonzero: the job leads a process group of its own, so that all it starts can be signalled; else it stays in
    /// flare's, which is what a terminal's keys reach.
    int has_group;
    /// The signal that the job gets when the *thread* that spawned it ends, or 0 for none (PR_SET_PDEATHSIG).
    int death_signal;
} flare_job_options;

/// As `flare_spawn`, for a program of the user that stays in flare's session and keeps its terminal, the signals that
/// are ignored, and every descriptor that is not closed on exec. With NULL for `job` it is `flare_spawn`.
pid_t flare_spawn_job(const flare_spawn_options *_Nonnull options, const flare_job_options *_Nullable job);

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

/// As `flare_signal_pipe`, for SIGINT, SIGTERM, SIGHUP and SIGQUIT, with 0x80 added to the number of a signal that came
/// from the terminal. From then on SIGPIPE is ignored. Call once, and never with the other.
int flare_job_signal_pipe(void);

/// The MD5 (RFC 1321) of an etag, which grows with the bytes.
typedef struct {
    uint32_t words[4];
    /// Bytes so far; those after the last whole block of 64 wait in `pending`.
    uint64_t size;
    uint8_t pending[64];
} flare_etag;

void flare_etag_begin(flare_etag *_Nonnull state);
void flare_etag_update(flare_etag *_Nonnull state, const void *_Nullable data, size_t size);

/// Writes the 16 bytes of the digest so far; more bytes may follow.
void flare_etag_end(const flare_etag *_Nonnull state, uint8_t *_Nonnull digest);

#endif
