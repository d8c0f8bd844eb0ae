// SPDX-License-Identifier: Apache-2.0
#include "server/static.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/assert.h"
#include "base/hash.h"

#define MAX_FILES 2000
#define MAX_SIZE  (8 << 20)
#define MAX_DEPTH 8
#define PATH_SIZE 512

struct tc_static {
	struct tc_static_file *file; /* owned, sorted by path */
	size_t count, capacity;
};

static const struct {
	const char *ending, *type;
	int compress;
} types[] = {
	{".html", "text/html; charset=utf-8", 1},
	{".css", "text/css; charset=utf-8", 1},
	{".js", "text/javascript; charset=utf-8", 1},
	{".mjs", "text/javascript; charset=utf-8", 1},
	{".json", "application/json", 1},
	{".webmanifest", "application/manifest+json", 1},
	{".svg", "image/svg+xml", 1},
	{".txt", "text/plain; charset=utf-8", 1},
	{".png", "image/png", 0},
	{".jpg", "image/jpeg", 0},
	{".webp", "image/webp", 0},
	{".ico", "image/x-icon", 0},
	{".woff2", "font/woff2", 0},
	{".wasm", "application/wasm", 1},
	{".mp3", "audio/mpeg", 0},
	{".wav", "audio/wav", 0},
	{".ogg", "audio/ogg", 0},
};

/* Index into types, or -1: not a file for browsers. */
static int type_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < TC_COUNT(types); i++) {
		if (strcmp(dot, types[i].ending) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static void compress_file(struct tc_static_file *file)
{
	z_stream z = {0};
	/* 16 + MAX_WBITS asks zlib for the gzip format. */
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		return;
	}
	size_t room = deflateBound(&z, file->len);
	void *out = malloc(room);
	z.next_in = (Bytef *)file->data;
	z.avail_in = (uInt)file->len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (out && deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out + 64 < file->len) {
		file->gzip = out;
		file->gzip_len = z.total_out;
		out = NULL;
	}
	free(out);
	deflateEnd(&z);
}

static void make_etag(struct tc_static_file *file)
{
	snprintf(file->etag, sizeof(file->etag), "\"%016llx\"",
		 (unsigned long long)tc_hash(file->data, file->len));
}

static int read_all(int fd, size_t len, void **out)
{
	char *data = malloc(len + 1);
	if (!data) {
		return -ENOMEM;
	}
	size_t got = 0;
	while (got < len) {
		ssize_t n = read(fd, data + got, len - got);
		if (n <= 0) {
			int err = n < 0 ? -errno : -EIO;
			free(data);
			return err;
		}
		got += (size_t)n;
	}
	data[len] = '\0'; /* pages are searched as text */
	*out = data;
	return 0;
}

static int add_file(struct tc_static *files, int fd, const char *path, size_t len)
{
	if (files->count == files->capacity) {
		size_t capacity = files->capacity ? files->capacity * 2 : 64;
		void *grown = realloc(files->file, capacity * sizeof(*files->file));
		if (!grown) {
			return -ENOMEM;
		}
		files->file = grown;
		files->capacity = capacity;
	}
	int type = type_of(path);
	void *data = NULL;
	int err = read_all(fd, len, &data);
	char *name = err ? NULL : strdup(path);
	if (!name) {
		free(data);
		return err ? err : -ENOMEM;
	}
	struct tc_static_file *file = &files->file[files->count++];
	*file = (struct tc_static_file){
		.path = name, .type = types[type].type, .data = data, .len = len};
	make_etag(file);
	if (types[type].compress) {
		compress_file(file);
	}
	return 0;
}

static int walk(struct tc_static *files, int dir_fd, const char *prefix, int depth);

static int visit(struct tc_static *files, int dir_fd, const char *prefix, const char *name,
		 int depth)
{
	char path[PATH_SIZE];
	int n = snprintf(path, sizeof(path), "%s/%s", prefix, name);
	if (name[0] == '.' || n < 0 || (size_t)n >= sizeof(path)) {
		return 0;
	}
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0) {
		int err = errno == ELOOP ? 0 : -errno;
		if (fd >= 0) {
			close(fd);
		}
		return err;
	}
	int err = 0;
	if (S_ISDIR(st.st_mode)) {
		return depth < MAX_DEPTH ? walk(files, fd, path, depth + 1) : (close(fd), 0);
	}
	if (S_ISREG(st.st_mode) && type_of(path) >= 0) {
		err = st.st_size > MAX_SIZE || files->count >= MAX_FILES
			      ? -EFBIG
			      : add_file(files, fd, path, (size_t)st.st_size);
	}
	close(fd);
	return err;
}

/* Takes over dir_fd. */
static int walk(struct tc_static *files, int dir_fd, const char *prefix, int depth)
{
	DIR *dir = fdopendir(dir_fd);
	if (!dir) {
		int err = -errno;
		close(dir_fd);
		return err;
	}
	int err = 0;
	struct dirent *entry;
	while (!err && (entry = readdir(dir)) != NULL) {
		err = visit(files, dirfd(dir), prefix, entry->d_name, depth);
	}
	closedir(dir);
	return err;
}

static int by_path(const void *a, const void *b)
{
	const struct tc_static_file *x = a;
	const struct tc_static_file *y = b;
	return strcmp(x->path, y->path);
}

int tc_static_load(struct tc_static **out, const char *dir, char *why, size_t why_size)
{
	struct tc_static *files = calloc(1, sizeof(*files));
	int fd = files ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = !files ? -ENOMEM : fd < 0 ? -errno : walk(files, fd, "", 0);
	if (err) {
		snprintf(why, why_size, "pages %s: %s", dir, strerror(-err));
		tc_static_free(files);
		return err;
	}
	if (files->count > 0) {
		qsort(files->file, files->count, sizeof(*files->file), by_path);
	}
	*out = files;
	return 0;
}

int tc_static_add(struct tc_static *files, const char *file, const char *path)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = fd < 0 || fstat(fd, &st) != 0 ? -errno : 0;
	if (!err && (!S_ISREG(st.st_mode) || st.st_size > MAX_SIZE || type_of(path) < 0)) {
		err = -EINVAL;
	}
	err = err ? err : add_file(files, fd, path, (size_t)st.st_size);
	if (fd >= 0) {
		close(fd);
	}
	if (!err) {
		qsort(files->file, files->count, sizeof(*files->file), by_path);
	}
	return err;
}

void tc_static_free(struct tc_static *files)
{
	for (size_t i = 0; files && i < files->count; i++) {
		free((void *)files->file[i].path);
		free((void *)files->file[i].data);
		free((void *)files->file[i].gzip);
	}
	if (files) {
		free(files->file);
	}
	free(files);
}

const struct tc_static_file *tc_static_find(const struct tc_static *files, const char *path)
{
	struct tc_static_file key = {.path = path};
	return files->count ? bsearch(&key, files->file, files->count, sizeof(key), by_path) : NULL;
}
