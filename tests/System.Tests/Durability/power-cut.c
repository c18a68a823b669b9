/*
 * Preloaded into a gateway: a disk that may lose, at a power cut, all that was not synced. Before a write the bytes it
 * replaces are kept, and before a name changes what it stood for, until a sync of the file or of the folder succeeds.
 * At the cut each sector of 512 bytes that was written since is as it was before, as it is now, or in between; of the
 * changes of names the newest ones are undone. Then the process ends. What calls it knows no undoing of end it at once
 * with 99, so that the disk is never kinder than it should be.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512

/* Shared with the test. */
struct control {
    int64_t cut_in;        /* changes and syncs until the power goes; 0: never */
    int64_t seed;          /* decides what is lost */
    int64_t lies;          /* not 0: syncs succeed and save nothing */
    int64_t operations;    /* changes and syncs so far */
    int64_t lost_sectors;  /* put back at cuts */
    int64_t undone_names;  /* undone at cuts */
};

/* A write that is not safe yet: what was there before it. */
struct change {
    struct change *older;
    int64_t number;
    off_t start;
    size_t length;
    off_t old_end;
    char old[];
};

/* A file with such writes. */
struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    int descriptor;
    struct change *newest;
};

enum kind { CREATED, RENAMED, EXCHANGED, REMOVED, FOLDER_MADE };

/* A change of a name that is not safe yet. */
struct naming {
    struct naming *older;
    int64_t number;
    enum kind kind;
    char name[PATH_MAX];
    char former[PATH_MAX];  /* the name before a renaming, or the other one of two that were exchanged */
    char saved[PATH_MAX];   /* what a renaming replaced, or a removal removed; empty: nothing */
};

static volatile struct control *control;
static char root[PATH_MAX];
static char attic[PATH_MAX];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct naming *namings;
static int64_t numbers;

__attribute__((constructor)) static void attach(void)
{
    const char *page = getenv("GATEWAY_TEST_CUTS");
    const char *folder = getenv("GATEWAY_TEST_DISK");
    int file = page && folder ? open(page, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED)
        return;
    snprintf(root, sizeof root, "%s/", folder);
    snprintf(attic, sizeof attic, "%s", getenv("GATEWAY_TEST_ATTIC"));
    control = memory;
}

static void give_up(const char *why)
{
    dprintf(2, "power-cut: %s: %s\n", why, strerror(errno));
    syscall(SYS_exit_group, 99);
}

/* Whether a path is of this disk; the file of the lock says nothing that has to last. */
static int is_ours(const char *path)
{
    size_t length = strlen(path);
    return control && strncmp(path, root, strlen(root)) == 0
        && !(length >= 5 && strcmp(path + length - 5, "/lock") == 0);
}

static int path_of(int file, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = control ? readlink(link, path, PATH_MAX - 1) : -1;
    if (length < 0)
        return 0;
    path[length] = 0;
    return 1;
}

static int is_our_file(int file)
{
    char path[PATH_MAX];
    return path_of(file, path) && is_ours(path);
}

static uint64_t mixed(uint64_t value)
{
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static off_t end_of(int file)
{
    struct stat status;
    if (syscall(SYS_fstat, file, &status) != 0)
        give_up("fstat");
    return status.st_size;
}

static struct file *file_of(int descriptor, int make)
{
    struct stat status;
    if (syscall(SYS_fstat, descriptor, &status) != 0)
        give_up("fstat");
    for (struct file *one = files; one; one = one->next)
        if (one->device == status.st_dev && one->inode == status.st_ino)
            return one;
    if (!make)
        return NULL;
    struct file *one = calloc(1, sizeof *one);
    one->device = status.st_dev;
    one->inode = status.st_ino;
    /* The gateway may close its own. */
    one->descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    one->next = files;
    files = one;
    return one;
}

/* How many of a sector's changes are undone. */
static int undone_of(const struct file *file, off_t sector, int changes)
{
    uint64_t seed = (uint64_t)control->seed;
    uint64_t chance = mixed(mixed(seed ^ file->inode) ^ (uint64_t)sector);
    switch (mixed(seed) % 3) {
    case 0:
        return changes;
    case 1:
        return (int)(chance % (uint64_t)(changes + 1));
    default:
        return chance % 16 == 0 ? changes : 0;
    }
}

static int changes_of(const struct change *from, const struct change *to, off_t sector)
{
    int count = 0;
    for (; from != to; from = from->older)
        count += sector >= from->start && sector < from->start + (off_t)from->length;
    return count;
}

static void lose_bytes(struct file *file)
{
    off_t end = end_of(file->descriptor);
    off_t safe_end = end;
    for (const struct change *one = file->newest; one; one = one->older) {
        safe_end = one->old_end;
        for (off_t sector = one->start; sector < one->start + (off_t)one->length; sector += SECTOR) {
            int newer = changes_of(file->newest, one, sector);
            if (newer >= undone_of(file, sector, changes_of(file->newest, NULL, sector)))
                continue;
            if (syscall(SYS_pwrite64, file->descriptor, one->old + (sector - one->start), SECTOR, sector) != SECTOR)
                give_up("pwrite");
            control->lost_sectors++;
        }
    }
    /* Of the length that grew there may be all, nothing or a part. */
    uint64_t chance = mixed((uint64_t)control->seed ^ file->inode ^ 1);
    if (end > safe_end && chance % 3 == 1)
        end = safe_end;
    else if (end > safe_end && chance % 3 == 2)
        end = safe_end + (off_t)(mixed(chance) % (uint64_t)(end - safe_end));
    if (syscall(SYS_ftruncate, file->descriptor, end) != 0)
        give_up("ftruncate");
}

static void undo(const struct naming *one)
{
    int result = 0;
    switch (one->kind) {
    case CREATED:
        result = (int)syscall(SYS_unlink, one->name);
        break;
    case RENAMED:
        result = (int)syscall(SYS_rename, one->name, one->former);
        break;
    case EXCHANGED:
        result = (int)syscall(SYS_renameat2, AT_FDCWD, one->name, AT_FDCWD, one->former, RENAME_EXCHANGE);
        break;
    case FOLDER_MADE:
        result = (int)syscall(SYS_rename, one->name, one->saved);
        break;
    case REMOVED:
        break;
    }
    if (result == 0 && one->saved[0] && one->kind != FOLDER_MADE)
        result = (int)syscall(SYS_rename, one->saved, one->name);
    if (result != 0)
        give_up(one->name);
    control->undone_names++;
}

static void cut(void)
{
    for (struct file *one = files; one; one = one->next)
        lose_bytes(one);
    uint64_t count = 0;
    for (struct naming *one = namings; one; one = one->older)
        count++;
    uint64_t seed = (uint64_t)control->seed;
    uint64_t undone = mixed(seed) % 3 == 0 ? count : mixed(seed ^ 2) % (count + 1);
    for (struct naming *one = namings; one && undone > 0; one = one->older, undone--)
        undo(one);
    syscall(SYS_exit_group, 137);
}

/* Called with the gate held; of the operation counted here nothing is safe. */
static void count_down(void)
{
    control->operations++;
    if (control->cut_in > 0 && --control->cut_in == 0)
        cut();
}

static ssize_t write_pieces(int file, const struct iovec *pieces, int count, off_t at)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    pthread_mutex_lock(&gate);
    off_t start = at / SECTOR * SECTOR;
    size_t length = (size_t)((at + (off_t)bytes + SECTOR - 1) / SECTOR * SECTOR - start);
    struct change *one = calloc(1, sizeof *one + length);
    one->number = ++numbers;
    one->start = start;
    one->length = length;
    one->old_end = end_of(file);
    /* A file that is open for writing only could not be read here. */
    struct file *owner = file_of(file, 1);
    if (syscall(SYS_pread64, file, one->old, length, start) < 0)
        give_up("pread");
    ssize_t result = syscall(SYS_pwritev, file, pieces, count, at, 0);
    int error = errno;
    one->older = owner->newest;
    owner->newest = one;
    count_down();
    pthread_mutex_unlock(&gate);
    errno = error;
    return result;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
    struct iovec piece = { (void *)bytes, count };
    return is_our_file(file) ? write_pieces(file, &piece, 1, at) : syscall(SYS_pwrite64, file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at)
{
    return pwrite(file, bytes, count, at);
}

ssize_t pwritev(int file, const struct iovec *pieces, int count, off_t at)
{
    return is_our_file(file)
        ? write_pieces(file, pieces, count, at)
        : syscall(SYS_pwritev, file, pieces, count, at, 0);
}

ssize_t pwritev64(int file, const struct iovec *pieces, int count, off_t at)
{
    return pwritev(file, pieces, count, at);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    if (is_our_file(file))
        give_up("write");
    return syscall(SYS_write, file, bytes, count);
}

int ftruncate(int file, off_t length)
{
    if (is_our_file(file))
        give_up("ftruncate");
    return (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate64(int file, off_t length)
{
    return ftruncate(file, length);
}

int fallocate(int file, int mode, off_t at, off_t length)
{
    if (is_our_file(file))
        give_up("fallocate");
    return (int)syscall(SYS_fallocate, file, mode, at, length);
}

int fallocate64(int file, int mode, off_t at, off_t length)
{
    return fallocate(file, mode, at, length);
}

static void drop_changes(struct file *file, int64_t upto)
{
    struct change **link = &file->newest;
    while (*link && (*link)->number > upto)
        link = &(*link)->older;
    struct change *safe = *link;
    *link = NULL;
    while (safe) {
        struct change *older = safe->older;
        free(safe);
        safe = older;
    }
    if (file->newest)
        return;
    struct file **place = &files;
    while (*place != file)
        place = &(*place)->next;
    *place = file->next;
    syscall(SYS_close, file->descriptor);
    free(file);
}

static void drop_namings(const char *folder, int64_t upto)
{
    for (struct naming **link = &namings; *link;) {
        struct naming *one = *link;
        size_t parent = (size_t)(strrchr(one->name, '/') - one->name);
        if (one->number > upto || strlen(folder) != parent || strncmp(one->name, folder, parent) != 0) {
            link = &one->older;
            continue;
        }
        *link = one->older;
        if (one->saved[0])
            syscall(SYS_unlink, one->saved);
        free(one);
    }
}

static int synced(int file, long call)
{
    char path[PATH_MAX];
    if (!path_of(file, path) || (!is_ours(path) && strncmp(path, root, strlen(root) - 1) != 0))
        return (int)syscall(call, file);
    pthread_mutex_lock(&gate);
    count_down();
    int64_t upto = numbers;
    pthread_mutex_unlock(&gate);
    if (control->lies)
        return 0;
    int result = (int)syscall(call, file);
    if (result != 0)
        return result;
    pthread_mutex_lock(&gate);
    struct file *known = file_of(file, 0);
    if (known)
        drop_changes(known, upto);
    drop_namings(path, upto);
    pthread_mutex_unlock(&gate);
    return 0;
}

int fsync(int file)
{
    return synced(file, SYS_fsync);
}

int fdatasync(int file)
{
    return synced(file, SYS_fdatasync);
}

/* Called with the gate held. */
static struct naming *naming(enum kind kind, const char *name, const char *former)
{
    struct naming *one = calloc(1, sizeof *one);
    one->number = ++numbers;
    one->kind = kind;
    snprintf(one->name, sizeof one->name, "%s", name);
    snprintf(one->former, sizeof one->former, "%s", former);
    return one;
}

static void save(struct naming *one)
{
    snprintf(one->saved, sizeof one->saved, "%.2000s/%ld-%ld", attic, (long)getpid(), (long)one->number);
}

static void add(struct naming *one)
{
    one->older = namings;
    namings = one;
    count_down();
}

static int opened(const char *path, int flags, mode_t mode)
{
    if (!(flags & O_CREAT) || !is_ours(path))
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (flags & O_TRUNC)
        give_up("O_TRUNC");
    pthread_mutex_lock(&gate);
    int is_new = syscall(SYS_access, path, F_OK) != 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int error = errno;
    if (file >= 0 && is_new)
        add(naming(CREATED, path, ""));
    pthread_mutex_unlock(&gate);
    errno = error;
    return file;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return opened(path, flags, mode);
}

int rename(const char *from, const char *to)
{
    if (!is_ours(from) && !is_ours(to))
        return (int)syscall(SYS_rename, from, to);
    pthread_mutex_lock(&gate);
    struct naming *one = naming(RENAMED, to, from);
    save(one);
    if (syscall(SYS_link, to, one->saved) != 0)
        one->saved[0] = 0;
    int result = (int)syscall(SYS_rename, from, to);
    int error = errno;
    if (result == 0)
        add(one);
    pthread_mutex_unlock(&gate);
    errno = error;
    return result;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags)
{
    if (!is_ours(from) && !is_ours(to))
        return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (flags != RENAME_EXCHANGE)
        give_up("renameat2");
    pthread_mutex_lock(&gate);
    int result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    int error = errno;
    if (result == 0)
        add(naming(EXCHANGED, to, from));
    pthread_mutex_unlock(&gate);
    errno = error;
    return result;
}

int unlink(const char *path)
{
    if (!is_ours(path))
        return (int)syscall(SYS_unlink, path);
    pthread_mutex_lock(&gate);
    struct naming *one = naming(REMOVED, path, "");
    save(one);
    int is_saved = syscall(SYS_link, path, one->saved) == 0;
    int result = (int)syscall(SYS_unlink, path);
    int error = errno;
    if (result == 0 && !is_saved)
        give_up("link");
    if (result == 0)
        add(one);
    pthread_mutex_unlock(&gate);
    errno = error;
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    if (!is_ours(path))
        return (int)syscall(SYS_mkdir, path, mode);
    pthread_mutex_lock(&gate);
    int result = (int)syscall(SYS_mkdir, path, mode);
    int error = errno;
    if (result == 0) {
        struct naming *one = naming(FOLDER_MADE, path, "");
        save(one);
        add(one);
    }
    pthread_mutex_unlock(&gate);
    errno = error;
    return result;
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
    if (strcmp(name, "open") == 0)
        return (void *)open;
    if (strcmp(name, "renameat2") == 0)
        return (void *)renameat2;
    return next ? next(library, name) : NULL;
}
