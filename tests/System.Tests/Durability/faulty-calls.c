/* Preloaded into a gateway: system calls that fail, and a clock that jumps, as a shared page of memory says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct faults {
    int64_t sync_error;     /* errno of fsync and fdatasync; 0: they work */
    int64_t clock_seconds;  /* added to CLOCK_REALTIME */
    int64_t failed_syncs;   /* how many failed */
    int64_t hang_syncs;     /* fsync and fdatasync do not return while this is set */
};

static volatile struct faults *faults;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("GATEWAY_TEST_FAULTS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        faults = page;
}

static int fails(void)
{
    while (faults && faults->hang_syncs)
        usleep(10000);
    if (!faults || !faults->sync_error)
        return 0;
    __atomic_add_fetch(&faults->failed_syncs, 1, __ATOMIC_SEQ_CST);
    errno = (int)faults->sync_error;
    return 1;
}

int fsync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fdatasync, file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && faults && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += faults->clock_seconds;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int result = (int)syscall(SYS_gettimeofday, now, zone);
    if (result == 0 && faults)
        now->tv_sec += faults->clock_seconds;
    return result;
}

time_t time(time_t *result)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

/* .NET asks libc itself for its functions, past what is preloaded. */
void *dlsym(void *library, const char *name)
{
    static void *(*next)(void *, const char *);
    static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
    for (int i = 0; !next && i < 3; i++)
        next = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    if (strcmp(name, "fsync") == 0)
        return (void *)fsync;
    if (strcmp(name, "fdatasync") == 0)
        return (void *)fdatasync;
    return next ? next(library, name) : NULL;
}
