/*
 * Stands between a process and the C library for files below one directory: fails the k-th call of one kind.
 *
 *   CHAOS_DIR   the directory
 *   CHAOS_CALL  open, write, pwrite64, fsync, fdatasync, rename; or sync: both kinds
 *   CHAOS_K     which call, from 1
 *   CHAOS_MODE  once; always (that one and all after it); lie (nothing is done and success is said, from that one on)
 *   CHAOS_ERRNO the error, 5 (EIO) unless given
 *   CHAOS_MARK  file that gets one line a fault: milliseconds since 1970, the call, the path
 *
 * And sets the clock of that process alone:
 *
 *   CHAOS_CLOCK file with the milliseconds, whole seconds of them, by which its time of day is ahead of the machine's, read each time anew
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { PASS, FAIL, LIE };

static const char *dir, *call, *mode, *mark, *ahead;
static long k, error_number = EIO;
static long seen;

__attribute__((constructor)) static void begin(void) {
  dir = getenv("CHAOS_DIR");
  call = getenv("CHAOS_CALL");
  mode = getenv("CHAOS_MODE");
  mark = getenv("CHAOS_MARK");
  ahead = getenv("CHAOS_CLOCK");
  const char *number = getenv("CHAOS_K");
  k = number ? atol(number) : 1;
  number = getenv("CHAOS_ERRNO");
  if (number) error_number = atol(number);
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t real_write(int fd, const void *bytes, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  return real(fd, bytes, count);
}

static int real_open(const char *path, int flags, mode_t permissions) {
  REAL(int, "open64", const char *, int, ...);
  return real(path, flags, permissions);
}

static long long ahead_ms(void) {
  if (!ahead) return 0;
  int fd = real_open(ahead, O_RDONLY, 0);
  if (fd < 0) return 0;
  char text[32];
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  return atoll(text);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int result = real(clock, now);
  if (ahead && !result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int error = errno;
    now->tv_sec += ahead_ms() / 1000;
    errno = error;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  int result = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

time_t time(time_t *now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now) *now = exact.tv_sec;
  return exact.tv_sec;
}

static void note(const char *name, const char *path) {
  if (!mark) return;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char line[512];
  int length = snprintf(line, sizeof line, "%lld %s %s\n",
                        (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, name, path);
  int fd = real_open(mark, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (fd < 0) return;
  if (length > 0) (void)!real_write(fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
  close(fd);
}

static int is_meant(const char *name) {
  if (!dir || !call) return 0;
  return !strcmp(call, name) || (!strcmp(call, "sync") && strstr(name, "sync"));
}

static int judge(const char *name, const char *path) {
  if (!is_meant(name) || !path || strncmp(path, dir, strlen(dir))) return PASS;
  long number = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
  int is_once = !mode || !strcmp(mode, "once");
  if (number < k || (is_once && number > k)) return PASS;
  if (number == k) note(name, path);
  if (mode && !strcmp(mode, "lie")) return LIE;
  errno = (int)error_number;
  return FAIL;
}

static int judge_fd(const char *name, int fd) {
  if (!is_meant(name)) return PASS;
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return PASS;
  path[length] = 0;
  return judge(name, path);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  int fate = judge_fd("fsync", fd);
  return fate == PASS ? real(fd) : fate == LIE ? 0 : -1;
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  int fate = judge_fd("fdatasync", fd);
  return fate == PASS ? real(fd) : fate == LIE ? 0 : -1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  int fate = judge_fd("write", fd);
  return fate == PASS ? real_write(fd, bytes, count) : fate == LIE ? (ssize_t)count : -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  int fate = judge_fd("pwrite64", fd);
  return fate == PASS ? real(fd, bytes, count, at) : fate == LIE ? (ssize_t)count : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return pwrite64(fd, bytes, count, at);
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  int fate = judge("rename", to);
  return fate == PASS ? real(from, to) : fate == LIE ? 0 : -1;
}

static int open_any(const char *path, int flags, mode_t permissions) {
  /* There is no lie to tell: a file that was not opened has no number. */
  return judge("open", path) == PASS ? real_open(path, flags, permissions) : -1;
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    va_list rest; \
    va_start(rest, flags); \
    mode_t permissions = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return open_any(path, flags, permissions); \
  }

OPEN(open)
OPEN(open64)
