/* server/static.h -- the files of web/, read once and compressed once.
 *
 * A path is looked up in a table of what was found at the start, so no path can lead out of the
 * folder. Thread: made anywhere, then read only. Owner: main.
 */
#ifndef TC_SERVER_STATIC_H
#define TC_SERVER_STATIC_H

#include <stddef.h>

struct tc_static;

struct tc_static_file {
	const char *path; /* "/ui/app.css" */
	const char *type;
	const void *data, *gzip; /* gzip NULL: not worth it */
	size_t len, gzip_len;
	char etag[24]; /* with its quotes */
};

/* Hidden files, and what is no regular file, are left out. 0, or a negative errno and one line. */
int tc_static_load(struct tc_static **out, const char *dir, char *why, size_t why_size);
/* One more file, from elsewhere, under a path of its own. The same errors; -ENOENT: it is not
 * there.
 */
int tc_static_add(struct tc_static *files, const char *file, const char *path);
void tc_static_free(struct tc_static *files); /* NULL-safe */
const struct tc_static_file *tc_static_find(const struct tc_static *files, const char *path);

#endif
