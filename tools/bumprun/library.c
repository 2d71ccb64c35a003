// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "library.h"

#include "bumprun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The build says what the platform's loader reads, and what the library is called there.
static const char *const places[] = {
    "%s/" BUMPRUN_LIBRARY,
    "%s/../../src/" BUMPRUN_LIBRARY, // in the build
    "%s/../" BUMPRUN_LIBDIR "/" BUMPRUN_LIBRARY,
    "%s/../lib/" BUMPRUN_LIBRARY,
    BUMPRUN_PREFIX "/" BUMPRUN_LIBDIR "/" BUMPRUN_LIBRARY,
};

static void own_folder(char ret_folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", ret_folder, PATH_MAX - 1);
    if (length <= 0)
        die(EXIT_CANNOT, "/proc is not mounted: say --library PATH");
    ret_folder[length] = 0;
    *strrchr(ret_folder, '/') = 0;
}

void library_find(const char *named, char ret_path[PATH_MAX])
{
    char folder[PATH_MAX], path[2 * PATH_MAX];
    if (named) {
        if (!realpath(named, ret_path))
            die(EXIT_CANNOT, "%s: %s", named, strerror(errno));
        return;
    }
    own_folder(folder);
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(path, sizeof(path), places[i], folder);
#pragma GCC diagnostic pop
        if (access(path, R_OK) == 0 && realpath(path, ret_path))
            return;
    }
    die(EXIT_CANNOT, BUMPRUN_LIBRARY " is not beside bumprun in %s: say --library PATH", folder);
}

void library_secure(char path[PATH_MAX])
{
    static const char plain[] = "/libbumpalloc", secure[] = "/libbumpalloc-secure";
    char found[2 * PATH_MAX];
    char *name = strrchr(path, '/');
    if (strncmp(name, plain, strlen(plain)) != 0 || strncmp(name, secure, strlen(secure)) == 0)
        die(EXIT_CANNOT, "--secure: %s is not the library it stands beside", path);
    snprintf(found, sizeof(found), "%.*s%s%s", (int)(name - path), path, secure,
             name + strlen(plain));
    if (!realpath(found, path))
        die(EXIT_CANNOT, "%s: %s", found, strerror(errno));
}

const char *library_variable(void)
{
    return BUMPRUN_PRELOAD;
}

bool library_preload(const char *path)
{
    const char *others = getenv(BUMPRUN_PRELOAD);
    if (strpbrk(path, " :"))
        return false;
    if (!others || !*others)
        return setenv(BUMPRUN_PRELOAD, path, 1) == 0;
    char *both = allocate(strlen(path) + strlen(others) + 2);
    sprintf(both, "%s:%s", path, others);
    bool done = setenv(BUMPRUN_PRELOAD, both, 1) == 0;
    free(both);
    return done;
}
