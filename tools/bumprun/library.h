// SPDX-License-Identifier: MIT
// Where the library is, and the variable that makes the loader put it in front.
#ifndef BUMPRUN_LIBRARY_H
#define BUMPRUN_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

// The path of the library beside bumprun: in its folder, in the build, or where it was installed.
// named: the user's choice, or NULL. Ends the program if there is none.
void library_find(const char *named, char ret_path[PATH_MAX]);
// The secure library that stands beside this one, instead of it.
void library_secure(char path[PATH_MAX]);
// Puts the library first in the loader's variable; false if the loader could not read the path.
bool library_preload(const char *path);
// The loader's variable.
const char *library_variable(void);

#endif
