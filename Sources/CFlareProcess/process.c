#define _GNU_SOURCE
#include "CFlareProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Puts something in place of the standard streams that the caller has closed, before a file or a socket of the
// runtime gets their number and with it what is meant for them. Reading from a closed stdin and writing to a closed
// stdout fail as they would have; what is said on a closed stderr goes nowhere.
__attribute__((constructor)) static void fill_standard_streams(void) {
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0) continue;
        // Gets the lowest number that is free: this one.
        int filled = open("/dev/null", modes[descriptor]);
        (void)filled;
    }
}

// Everything between fork and exec must be async-signal-safe: the parent has many threads.
static void report_and_exit(int channel) {
    int error = errno;
    ssize_t ignored = write(channel, &error, sizeof error);
    (void)ignored;
    _exit(127);
}

static int open_null(int descriptor, int flags) {
    return descriptor >= 0 ? descriptor : open("/dev/null", flags);
}

// A process of its own gets every signal as the system has it. A job keeps what its parent ignores, as under nohup, but
// never SIGPIPE, which flare ignores for itself.
static void reset_signals(int is_job) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction current;
        int is_ignored = is_job && number != SIGPIPE && sigaction(number, NULL, &current) == 0
            && current.sa_handler == SIG_IGN;
        if (!is_ignored) signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t flare_spawn(const flare_spawn_options *options) {
    return flare_spawn_job(options, NULL);
}

pid_t flare_spawn_job(const flare_spawn_options *options, const flare_job_options *job) {
    int channel[2];
    if (pipe2(channel, O_CLOEXEC) != 0) return -errno;
    pid_t parent = getpid();
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pid_t pid = fork();
    if (pid < 0) {
        int error = errno;
        pthread_sigmask(SIG_SETMASK, &previous, NULL);
        close(channel[0]);
        close(channel[1]);
        return -error;
    }
    if (pid == 0) {
        int death_signal = job ? job->death_signal : options->dies_with_thread ? SIGKILL : 0;
        if (death_signal) {
            prctl(PR_SET_PDEATHSIG, death_signal);
            if (getppid() != parent) _exit(127);
        }
        if (!job) setsid();
        if (job && job->has_group) setpgid(0, 0);
        // Lift the descriptors and the channel above 9 first, so that no dup2 overwrites one still needed.
        int input = fcntl(open_null(options->standard_input, O_RDONLY), F_DUPFD_CLOEXEC, 10);
        int output = fcntl(open_null(options->standard_output, O_WRONLY), F_DUPFD_CLOEXEC, 10);
        int error = fcntl(open_null(options->standard_error, O_WRONLY), F_DUPFD_CLOEXEC, 10);
        int extra = options->extra >= 0 ? fcntl(options->extra, F_DUPFD_CLOEXEC, 10) : -1;
        int report = fcntl(channel[1], F_DUPFD_CLOEXEC, 10);
        if (input < 0 || output < 0 || error < 0 || report < 0) report_and_exit(channel[1]);
        if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) report_and_exit(report);
        if (extra >= 0 && dup2(extra, 3) < 0) report_and_exit(report);
        if (!job) {
            close_range(extra >= 0 ? 4 : 3, report - 1, 0);
            close_range(report + 1, ~0U, 0);
        }
        reset_signals(job != NULL);
        if (options->data_limit_bytes) {
            struct rlimit limit = {options->data_limit_bytes, options->data_limit_bytes};
            setrlimit(RLIMIT_DATA, &limit);
        }
        if (options->directory && chdir(options->directory) != 0) report_and_exit(report);
        execve(options->path, (char *const *)options->arguments, (char *const *)options->environment);
        report_and_exit(report);
    }
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    close(channel[1]);
    int failure = 0;
    ssize_t count;
    do count = read(channel[0], &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    close(channel[0]);
    if (count == sizeof failure) {
        waitpid(pid, NULL, 0);
        return -failure;
    }
    return pid;
}

int flare_wait(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int flare_pipe(int *ends) {
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
}

int flare_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int flare_watch(const char *path) {
    int descriptor = inotify_init1(IN_CLOEXEC);
    if (descriptor < 0) return -1;
    if (inotify_add_watch(descriptor, path, IN_MODIFY) < 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

int flare_watch_open(void) {
    int descriptor = inotify_init1(IN_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

int flare_watch_directory(int descriptor, const char *path) {
    uint32_t events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
    int number = inotify_add_watch(descriptor, path, events);
    return number >= 0 ? number : -errno;
}

static int signal_channel = -1;

static void signal_handler(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(signal_channel, &byte, 1);
    (void)ignored;
    errno = saved;
}

static void job_signal_handler(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    // A code above zero comes from the kernel: a key on the terminal, whose whole group got the signal.
    unsigned char byte = (unsigned char)(number | (info->si_code > 0 ? 0x80 : 0));
    ssize_t ignored = write(signal_channel, &byte, 1);
    (void)ignored;
    errno = saved;
}

int flare_job_signal_pipe(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    signal_channel = ends[1];
    int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (int i = 0; i < 4; i++) {
        struct sigaction current;
        if (sigaction(numbers[i], NULL, &current) != 0 || current.sa_handler == SIG_IGN) continue;
        struct sigaction action = {0};
        action.sa_sigaction = job_signal_handler;
        action.sa_flags = SA_RESTART | SA_SIGINFO;
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return ends[0];
}

int flare_signal_pipe(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    signal_channel = ends[1];
    int numbers[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        struct sigaction current;
        // A shell has its background jobs ignore SIGINT; that stays so.
        if (sigaction(numbers[i], NULL, &current) != 0 || current.sa_handler == SIG_IGN) continue;
        struct sigaction action = {0};
        action.sa_handler = signal_handler;
        action.sa_flags = SA_RESTART;
        sigaction(numbers[i], &action, NULL);
    }
    return ends[0];
}
