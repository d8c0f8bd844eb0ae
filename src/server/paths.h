/* server/paths.h -- what lies where, found from the running program, never compiled in. Thread:
 * any. */
#ifndef TC_SERVER_PATHS_H
#define TC_SERVER_PATHS_H

#include <stddef.h>

/* `name` in the folder of the running program. 0, or a negative errno. */
int tc_path_beside(const char *name, char *out, size_t size);
/* The folder of the pages: `wanted` (the setting WEB_DIR) if not NULL, else ../web (a build folder)
 * or ../share/tricall/web (installed) from the program's. 0, or -ENOENT. */
int tc_path_web(const char *wanted, char *out, size_t size);

/* Where a file of an npm package is, installed beside the program. 0 or -ENOENT. */
int tc_path_vendor(const char *file, char *out, size_t size);

#endif
