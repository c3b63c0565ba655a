/* Sends a guarded binary to its shim, whichever program starts it and by whatever path.
 *
 * Preloaded into the descendants of a pytest process. PATH cannot see `sh -c /usr/bin/tool`; this
 * can, since that shell calls `execve` here first. The file that would run is compared with the
 * guarded ones by device and inode, and if it is one of them, its shim is started in its place,
 * with the same arguments: the shim judges and records, as it does for a call by name.
 *
 * Everything else is handed on as it came, to the next library's function of the same name, so
 * another preload that wraps these functions keeps working.
 *
 * A process may live longer than the session, whose folder is gone then, and this library's file with it. What
 * it starts from then on is started without, since the loader would complain of a file that is missing.
 *
 * A program that starts nothing pays for being loaded with this and for nothing else: what is
 * guarded is in the file "native" beside this library, read when something is started.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define LONGEST_PATH 4096
#define LONGEST_NAME 300 /* of a shim: a file's name and the folders before it */
#define MOST_LINKS 40 /* the kernel's limit */

/* Stacks may be small (a thread's, a signal handler's), so a program that is not guarded is told by
 * little memory, and what takes more stands in functions of its own that are called for one that
 * is. */
#define APART __attribute__((noinline))

/* The file that says what is guarded, read a line at a time: "device inode by-name shim", the shim
 * as a path from this library's folder. It is read anew at each call. Kept in memory it would cost
 * every program a mapping when it is loaded; and a caller may be the child of a vfork in a program
 * of many threads, where only system calls and the stack are safe to use. */
struct table {
    int descriptor;
    ssize_t length, next;
    char text[512];
};

struct binary {
    unsigned long long device, inode;
    int by_name; /* a multi-call program: only under this name is it the binary */
    int has_ended; /* none is: the session has ended */
    char shim[LONGEST_NAME];
};

static int next_character(struct table *table)
{
    if (table->next == table->length) {
        table->next = 0;
        table->length = read(table->descriptor, table->text, sizeof table->text);
        if (table->length <= 0)
            return -1;
    }
    return (unsigned char)table->text[table->next++];
}

static unsigned long long next_number(struct table *table)
{
    unsigned long long value = 0;
    int character;

    while ((character = next_character(table)) >= '0' && character <= '9')
        value = 10 * value + (unsigned long long)(character - '0');
    return value;
}

static int next_binary(struct table *table, struct binary *binary)
{
    size_t length = 0;
    int character;

    binary->device = next_number(table);
    binary->inode = next_number(table);
    binary->by_name = (int)next_number(table);
    while ((character = next_character(table)) >= 0 && character != '\n')
        if (length < sizeof binary->shim - 1)
            binary->shim[length++] = (char)character;
    binary->shim[length] = 0;
    return length > 0;
}

/* This library's own path, and the length of it up to its last slash. */
static const char *own_path(size_t *folder)
{
    Dl_info here;

    if (!dladdr((void *)own_path, &here) || !strrchr(here.dli_fname, '/'))
        return NULL;
    *folder = (size_t)(strrchr(here.dli_fname, '/') + 1 - here.dli_fname);
    return here.dli_fname;
}

/* Write the path of a file beside this library, into room for `size`. */
static int beside(char *path, size_t size, const char *name)
{
    size_t folder = 0;
    const char *own = own_path(&folder);

    return own && snprintf(path, size, "%.*s%s", (int)folder, own, name) < (int)size;
}

/* How many pytest processes are around the one whose private directory this is. */
static int level_of(char *path, char *end)
{
    char level = '0';
    int descriptor;

    memcpy(end, "level", sizeof "level");
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return -1;
    if (read(descriptor, &level, 1) != 1)
        level = '0';
    close(descriptor);
    return level;
}

static int own_level(void)
{
    size_t folder = 0;
    const char *own = own_path(&folder);
    char path[folder + sizeof "level"];

    memcpy(path, own, folder);
    return level_of(path, path + folder);
}

/* Whether this process is a shim, a shell that reads one, of this session or of one around it. What
 * it starts is the real program. Where pytest runs in pytest, the shim of the inner one is sent to
 * that of the outer one, so that both see the use. */
APART static int is_shim(void)
{
    char line[LONGEST_PATH], after[sizeof "level"];
    char *script, *at, *end;
    ssize_t length;
    int level, descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return 0;
    length = read(descriptor, line, sizeof line - sizeof after);
    close(descriptor);
    if (length <= 0)
        return 0;
    line[length] = 0;
    script = line + strlen(line) + 1;
    if (script >= line + length)
        return 0;
    for (at = script; (at = strstr(at, SHIM_PREFIX)); at++) {
        end = strchr(at + 1, '/');
        if (!end++ || (strncmp(end, "bin/", 4) && strncmp(end, "at/", 3)))
            continue;
        memcpy(after, end, sizeof after);
        level = level_of(script, end);
        memcpy(end, after, sizeof after);
        if (level >= 0 && level <= own_level())
            return 1;
    }
    return 0;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether the last part of the path, or of a link that it leads over, is the name. */
APART static int goes_by(const char *path, const char *name)
{
    char current[LONGEST_PATH], target[LONGEST_PATH];
    ssize_t length;

    snprintf(current, sizeof current, "%s", path);
    for (int links = 0; links < MOST_LINKS; links++) {
        if (!strcmp(last_part(current), name))
            return 1;
        length = readlink(current, target, sizeof target - 1);
        if (length < 0)
            return 0;
        target[length] = 0;
        if (target[0] == '/')
            snprintf(current, sizeof current, "%s", target);
        else
            snprintf((char *)last_part(current), sizeof current - (last_part(current) - current),
                     "%s", target);
    }
    return 0;
}

/* Find the shim of a file. `path` leads to it. */
APART static int find_shim(const struct stat *file, const char *path, struct binary *found)
{
    struct table table = {.length = 0};
    int is_found = 0;
    size_t folder = 0;

    if (!own_path(&folder))
        return 0;
    char name[folder + sizeof "native"];
    if (!beside(name, sizeof name, "native"))
        return 0;
    table.descriptor = open(name, O_RDONLY | O_CLOEXEC);
    if (table.descriptor < 0) {
        found->has_ended = errno == ENOENT;
        return 0;
    }
    while (!is_found && next_binary(&table, found))
        is_found = found->device == file->st_dev && found->inode == file->st_ino &&
                   (!found->by_name || goes_by(path, last_part(found->shim)));
    close(table.descriptor);
    return is_found && !is_shim();
}

/* The first line of a small file, into room for `size`; its length, or 0 if there is none. */
static size_t first_line(const char *path, char *text, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (descriptor < 0)
        return 0;
    length = read(descriptor, text, size - 1);
    close(descriptor);
    text[length > 0 ? length : 0] = 0;
    text[strcspn(text, "\t\n")] = 0;
    return strlen(text);
}

/* The id of the scope that this process acts for, as `wire/variable.py` has it; "*" if it is not known. */
static void own_scope(const char *folder, size_t length, char *id, size_t size)
{
    const char *at = getenv("RESOURCE_GUARDS_SCOPE");

    strcpy(id, "*");
    for (; at && (at = strstr(at, folder)); at++)
        if (at[length] == '=' && strcspn(at + length + 1, ":") < size) {
            at += length + 1;
            memcpy(id, at, strcspn(at, ":"));
            id[strcspn(at, ":")] = 0;
            return;
        }
}

/* Where a run discovers what is started: the file "noted" has the name to note it by, and a record as
 * `wire/line.py` has it goes to the journal. */
APART static void note_start(const char *path)
{
    char resource[64], id[32], name[32], line[LONGEST_PATH + 256];
    size_t length = 0;
    int descriptor, written;
    const char *own = own_path(&length);

    if (!own || strpbrk(path, "'\t\n"))
        return;
    char folder[length], file[length + sizeof "journal"];
    memcpy(folder, own, length - 1);
    folder[length - 1] = 0;
    if (!beside(file, sizeof file, "noted") || !first_line(file, resource, sizeof resource))
        return;
    own_scope(folder, length - 1, id, sizeof id);
    first_line("/proc/self/comm", name, sizeof name);
    written = snprintf(line, sizeof line, "RG2\t%s\t%s\tallowed\tspawn\t%d\t\t%s\t'%s'\t.\n", id,
                       resource, (int)getpid(), name, path);
    if (written >= (int)sizeof line || !beside(file, sizeof file, "journal"))
        return;
    descriptor = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (write(descriptor, line, (size_t)written) != written) {
        /* A full disk: the run finds half a record, and says so. */
    }
    close(descriptor);
}

/* Whether there is such a file: what else notes a start takes more memory than all programs have. */
APART static int is_discovering(void)
{
    size_t folder = 0;

    if (!own_path(&folder))
        return 0;
    char name[folder + sizeof "noted"];
    return beside(name, sizeof name, "noted") && access(name, F_OK) == 0;
}

static int is_guarded(const char *path, struct binary *found)
{
    struct stat file;
    int before = errno, is_found;

    found->has_ended = 0;
    is_found = path && stat(path, &file) == 0 && S_ISREG(file.st_mode);
    if (is_found) {
        is_found = find_shim(&file, path, found);
        if (!found->has_ended && is_discovering())
            note_start(path);
    }
    errno = before;
    return is_found;
}

/* As above, for an open file. */
static int is_guarded_file(int descriptor, struct binary *found)
{
    char path[sizeof "/proc/self/fd/" + 3 * sizeof descriptor];

    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return is_guarded(path, found);
}

/* As above, for a bare name that is searched on PATH as execvp does. */
static int is_guarded_name(const char *name, struct binary *found)
{
    const char *path = getenv("PATH"), *end;
    struct stat file;
    int before = errno;

    found->has_ended = 0;
    if (!name || strchr(name, '/'))
        return is_guarded(name, found);
    path = path ? path : "/bin:/usr/bin";
    char candidate[strlen(path) + strlen(name) + 2];
    for (;; path = end + 1) {
        int length;
        end = strchrnul(path, ':');
        length = (int)(end - path);
        sprintf(candidate, "%.*s%s%s", length, path, length ? "/" : "", name);
        if (access(candidate, X_OK) == 0 && stat(candidate, &file) == 0 && S_ISREG(file.st_mode)) {
            errno = before;
            return is_guarded(candidate, found);
        }
        if (!*end) {
            errno = before;
            return 0;
        }
    }
}

/* Return what a call returns that starts the shim which `is_guarded` found. */
#define START_SHIM(found, call)                                    \
    do {                                                           \
        size_t folder = 0;                                         \
        own_path(&folder);                                         \
        char shim[folder + LONGEST_NAME];                          \
        beside(shim, sizeof shim, (found).shim);                   \
        return call;                                               \
    } while (0)

#define PRELOAD "LD_PRELOAD="

static int is_preload(const char *variable)
{
    return !strncmp(variable, PRELOAD, strlen(PRELOAD));
}

/* How many variables there are, and the length of the one that names this library. */
static size_t count_variables(char *const envp[], size_t *length)
{
    size_t count = 0;

    *length = 0;
    for (; envp && envp[count]; count++)
        if (is_preload(envp[count]))
            *length = strlen(envp[count]);
    return count;
}

/* Copy an environment, and leave this library out. `text` is for the variable that names it. */
static void leave_out(char *const envp[], char *without[], char *text)
{
    size_t folder = 0;
    const char *own = own_path(&folder), *at, *end;

    for (; envp && *envp; envp++) {
        if (!own || !is_preload(*envp)) {
            *without++ = *envp;
            continue;
        }
        strcpy(text, PRELOAD);
        for (at = *envp + strlen(PRELOAD); *at; at = *end ? end + 1 : end) {
            end = at + strcspn(at, ": ");
            if (end == at || (!strncmp(at, own, (size_t)(end - at)) && !own[end - at]))
                continue;
            if (text[strlen(PRELOAD)])
                strcat(text, ":");
            strncat(text, at, (size_t)(end - at));
        }
        if (text[strlen(PRELOAD)])
            *without++ = text;
    }
    *without = NULL;
}

/* Return what a call returns that starts something as asked for; if the session has ended, with an
 * environment without this library. */
#define GO_ON(found, envp, call)                                   \
    do {                                                           \
        char *const *with = (char *const *)(envp);                 \
        if ((found).has_ended) {                                   \
            size_t length, count = count_variables(with, &length); \
            char text[length + 1], *without[count + 1];            \
            leave_out(with, without, text);                        \
            with = without;                                        \
            return call;                                           \
        }                                                          \
        return call;                                               \
    } while (0)

APART static int shim_instead(const struct binary *found, char *const argv[], char *const envp[])
{
    START_SHIM(*found, NEXT(execve)(shim, argv, envp));
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    struct binary found;
    if (is_guarded(path, &found))
        return shim_instead(&found, argv, envp);
    GO_ON(found, envp, NEXT(execve)(path, argv, with));
}

int execv(const char *path, char *const argv[])
{
    struct binary found;
    if (is_guarded(path, &found))
        return shim_instead(&found, argv, environ);
    GO_ON(found, environ, NEXT(execve)(path, argv, with));
}

int execvp(const char *file, char *const argv[])
{
    struct binary found;
    if (is_guarded_name(file, &found))
        return shim_instead(&found, argv, environ);
    GO_ON(found, environ, NEXT(execvpe)(file, argv, with));
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    struct binary found;
    if (is_guarded_name(file, &found))
        return shim_instead(&found, argv, envp);
    GO_ON(found, envp, NEXT(execvpe)(file, argv, with));
}

int fexecve(int descriptor, char *const argv[], char *const envp[])
{
    struct binary found;
    if (is_guarded_file(descriptor, &found))
        return shim_instead(&found, argv, envp);
    GO_ON(found, envp, NEXT(fexecve)(descriptor, argv, with));
}

/* As above, for a path from a folder; with an empty one the folder's descriptor is the file's. */
static int is_guarded_at(int folder, const char *path, struct binary *found)
{
    int before = errno, descriptor, is_found;

    found->has_ended = 0;
    if (!path || !*path)
        return path && is_guarded_file(folder, found);
    descriptor = openat(folder, path, O_PATH | O_CLOEXEC);
    is_found = descriptor >= 0 && is_guarded_file(descriptor, found);
    if (descriptor >= 0)
        close(descriptor);
    errno = before;
    return is_found;
}

/* Newer C libraries have it. */
int execveat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
    struct binary found;
    if (is_guarded_at(folder, path, &found))
        return shim_instead(&found, argv, envp);
    GO_ON(found, envp,
          ((int (*)(int, const char *, char *const[], char *const[], int))dlsym(
              RTLD_NEXT, "execveat"))(folder, path, argv, with, flags));
}

/* The three that take their arguments one by one. */
#define COUNT_ARGUMENTS(first)                          \
    size_t count = 1;                                   \
    va_list list;                                       \
    va_start(list, first);                              \
    while (va_arg(list, char *))                        \
        count++;                                        \
    va_end(list);                                       \
    char *argv[count + 1];                              \
    argv[0] = (char *)first;                            \
    va_start(list, first);                              \
    for (size_t i = 1; i <= count; i++)                 \
        argv[i] = va_arg(list, char *);

int execl(const char *path, const char *first, ...)
{
    COUNT_ARGUMENTS(first)
    va_end(list);
    return execv(path, argv);
}

int execlp(const char *file, const char *first, ...)
{
    COUNT_ARGUMENTS(first)
    va_end(list);
    return execvp(file, argv);
}

int execle(const char *path, const char *first, ...)
{
    char **envp;
    COUNT_ARGUMENTS(first)
    envp = va_arg(list, char **);
    va_end(list);
    return execve(path, argv, envp);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    struct binary found;
    if (is_guarded(path, &found))
        START_SHIM(found, NEXT(posix_spawn)(pid, shim, actions, attributes, argv, envp));
    GO_ON(found, envp, NEXT(posix_spawn)(pid, path, actions, attributes, argv, with));
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    struct binary found;
    if (is_guarded_name(file, &found))
        START_SHIM(found, NEXT(posix_spawn)(pid, shim, actions, attributes, argv, envp));
    GO_ON(found, envp, NEXT(posix_spawnp)(pid, file, actions, attributes, argv, with));
}

/* libc's own way to a shell does not come by here, so in a process that has outlived the session the variable
 * itself is changed before. */
static void forget_if_ended(void)
{
    size_t folder = 0, length;
    int before = errno;

    if (!own_path(&folder))
        return;
    char name[folder + sizeof "native"];
    beside(name, sizeof name, "native");
    if (access(name, F_OK) < 0 && errno == ENOENT) {
        size_t count = count_variables(environ, &length);
        char text[length + 1], *without[count + 1];
        text[0] = 0;
        leave_out(environ, without, text);
        if (text[0] && text[strlen(PRELOAD)])
            setenv("LD_PRELOAD", text + strlen(PRELOAD), 1);
        else
            unsetenv("LD_PRELOAD");
    }
    errno = before;
}

int system(const char *command)
{
    forget_if_ended();
    return NEXT(system)(command);
}

FILE *popen(const char *command, const char *type)
{
    forget_if_ended();
    return NEXT(popen)(command, type);
}
