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
#define SHIM_LENGTH (LONGEST_PATH + 300)
#define MOST_LINKS 40 /* the kernel's limit */

/* The file that says what is guarded, read a line at a time: "device inode by-name name". It is read
 * anew at each call. Kept in memory it would cost every program a mapping when it is loaded; and a
 * caller may be the child of a vfork in a program of many threads, where only system calls and the
 * stack are safe to use. */
struct table {
    int descriptor;
    ssize_t length, next;
    char text[4096];
};

struct binary {
    unsigned long long device, inode;
    int by_name; /* a multi-call program: only under this name is it the binary */
    char name[256];
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
        if (length < sizeof binary->name - 1)
            binary->name[length++] = (char)character;
    binary->name[length] = 0;
    return length > 0;
}

/* The folder that this library lies in, without a slash at its end. */
static int find_directory(char *directory)
{
    Dl_info here;

    if (!dladdr((void *)find_directory, &here))
        return 0;
    snprintf(directory, LONGEST_PATH, "%s", here.dli_fname);
    if (!strrchr(directory, '/'))
        return 0;
    *strrchr(directory, '/') = 0;
    return 1;
}

/* Whether this process is a shim: a shell that reads one. What it starts is the real program. */
static int is_shim(void)
{
    char line[2 * LONGEST_PATH];
    const char *script;
    ssize_t length;
    int descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return 0;
    length = read(descriptor, line, sizeof line - 1);
    close(descriptor);
    if (length <= 0)
        return 0;
    line[length] = 0;
    script = line + strlen(line) + 1;
    /* Of any session: where pytest runs in pytest, the shim of the one starts that of the other. */
    return script < line + length && strstr(script, SHIM_PREFIX) && strstr(script, "/bin/");
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether the last part of the path, or of a link that it leads over, is the name. */
static int goes_by(const char *path, const char *name)
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

/* The shim to start in place of a file, or NULL. `shim` has room for a path. */
static const char *shim_for(const struct stat *file, const char *path, char *shim)
{
    char directory[LONGEST_PATH];
    struct table table = {.length = 0};
    struct binary each;
    const char *found = NULL;

    if (!find_directory(directory))
        return NULL;
    snprintf(shim, SHIM_LENGTH, "%s/native", directory);
    table.descriptor = open(shim, O_RDONLY | O_CLOEXEC);
    if (table.descriptor < 0)
        return NULL;
    while (!found && next_binary(&table, &each))
        if (each.device == file->st_dev && each.inode == file->st_ino &&
            (!each.by_name || !path || goes_by(path, each.name)))
            found = shim;
    close(table.descriptor);
    if (!found || is_shim())
        return NULL;
    snprintf(shim, SHIM_LENGTH, "%s/bin/%s", directory, each.name);
    return found;
}

static const char *redirected(const char *path, char *shim)
{
    struct stat file;
    int before = errno;
    const char *found = NULL;

    if (path && stat(path, &file) == 0)
        found = shim_for(&file, path, shim);
    errno = before;
    return found;
}

/* As `redirected`, for a bare name that is searched on PATH as execvp does. */
static const char *redirected_name(const char *name, char *shim)
{
    const char *path = getenv("PATH"), *end;
    char candidate[2 * LONGEST_PATH];

    if (!name || strchr(name, '/'))
        return redirected(name, shim);
    for (path = path ? path : "/bin:/usr/bin";; path = end + 1) {
        int length;
        end = strchrnul(path, ':');
        length = (int)(end - path);
        snprintf(candidate, sizeof candidate, "%.*s%s%s", length, path, length ? "/" : "", name);
        if (access(candidate, X_OK) == 0)
            return redirected(candidate, shim);
        if (!*end)
            return NULL;
    }
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    char shim[SHIM_LENGTH];
    const char *other = redirected(path, shim);
    return NEXT(execve)(other ? other : path, argv, envp);
}

int execv(const char *path, char *const argv[])
{
    char shim[SHIM_LENGTH];
    const char *other = redirected(path, shim);
    return NEXT(execv)(other ? other : path, argv);
}

int execvp(const char *file, char *const argv[])
{
    char shim[SHIM_LENGTH];
    const char *other = redirected_name(file, shim);
    return NEXT(execvp)(other ? other : file, argv);
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    char shim[SHIM_LENGTH];
    const char *other = redirected_name(file, shim);
    return NEXT(execvpe)(other ? other : file, argv, envp);
}

int fexecve(int descriptor, char *const argv[], char *const envp[])
{
    char shim[SHIM_LENGTH];
    struct stat file;
    int before = errno;
    const char *other = NULL;

    if (fstat(descriptor, &file) == 0)
        other = shim_for(&file, NULL, shim);
    errno = before;
    return other ? NEXT(execve)(other, argv, envp) : NEXT(fexecve)(descriptor, argv, envp);
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
    char shim[SHIM_LENGTH];
    const char *other = redirected(path, shim);
    return NEXT(posix_spawn)(pid, other ? other : path, actions, attributes, argv, envp);
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    char shim[SHIM_LENGTH];
    const char *other = redirected_name(file, shim);
    return NEXT(posix_spawnp)(pid, other ? other : file, actions, attributes, argv, envp);
}
