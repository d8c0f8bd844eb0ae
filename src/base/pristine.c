// SPDX-License-Identifier: Apache-2.0
#include "base/pristine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

#define SMALLEST (64 * 1024)
#define RANGES   512
/* realloc() moves a mapping and makes it longer; what it adds must not lie beyond the file's end.
 */
#define SPARE ((size_t)64 * 1024 * 1024)
#define CHUNK 512 /* pages looked up at once */
/* /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst) */
#define PRESENT (UINT64_C(1) << 63)
#define OF_FILE (UINT64_C(1) << 61) /* or shared: not written to */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

struct range {
	uintptr_t from, to;
};

struct tc_pristine {
	struct range before[RANGES]; /* writable mappings there were */
	int before_count;
	const char *view; /* owned mapping: what was kept, read only */
	size_t size;      /* of it */
	uint64_t inode;   /* of the file; 0: nothing is kept */
	size_t page;
};

struct mapping {
	uintptr_t from, to;
	uint64_t offset, inode;
	bool own_rw, heap, named; /* private and writable; malloc's; a file or the like */
};

static bool next_mapping(FILE *maps, struct mapping *out)
{
	char line[512], rights[5];
	while (fgets(line, sizeof(line), maps)) {
		int end = 0;
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNx64 " %*s %" SCNu64 " %n",
			   &out->from, &out->to, rights, &out->offset, &out->inode, &end) == 5) {
			out->own_rw = strcmp(rights, "rw-p") == 0;
			out->heap = strncmp(line + end, "[heap]", 6) == 0;
			out->named = line[end] != '\0';
			return true;
		}
	}
	return false;
}

static FILE *open_maps(void)
{
	return fopen("/proc/self/maps", "re");
}

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;
	for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		count += e->d_name[0] != '.';
	}
	if (dir) {
		closedir(dir);
	}
	return count;
}

int tc_pristine_begin(struct tc_pristine **out)
{
	FILE *maps = open_maps();
	if (!maps) {
		return -errno;
	}
	struct tc_pristine *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;
	struct mapping m;
	while (!err && next_mapping(maps, &m)) {
		if (p->before_count == RANGES) {
			err = -E2BIG;
		} else if (m.own_rw) {
			p->before[p->before_count++] = (struct range){m.from, m.to};
		}
	}
	fclose(maps);
	if (err) {
		free(p);
		return err;
	}
	p->page = (size_t)sysconf(_SC_PAGESIZE);
	*out = p;
	return 0;
}

/* The kernel joins neighbours: what was there before is cut out of [from, to). Calls take() for
 * each rest that is large enough; it may count only. */
static int each_rest(struct tc_pristine *p, uintptr_t from, uintptr_t to,
		     int (*take)(void *user, uintptr_t from, uintptr_t to), void *user)
{
	int err = 0;
	for (int i = 0; !err && i <= p->before_count && from < to; i++) {
		bool last = i == p->before_count;
		uintptr_t cut_from = last ? to : p->before[i].from;
		uintptr_t cut_to = last ? to : p->before[i].to;
		if (cut_to <= from || cut_from >= to) { /* in the order of addresses */
			if (!last) {
				continue;
			}
		}
		if (cut_from > from && cut_from - from >= SMALLEST) {
			err = take(user, from, cut_from);
		}
		from = cut_to > from ? cut_to : from;
	}
	return err;
}

struct take {
	struct range ranges[RANGES];
	int count;
	size_t size;
};

static int note_range(void *user, uintptr_t from, uintptr_t to)
{
	struct take *take = user;
	if (take->count == RANGES) {
		return -E2BIG;
	}
	take->ranges[take->count++] = (struct range){from, to};
	take->size += to - from;
	return 0;
}

/* Small blocks lie in the heap and nowhere else, or -ENOTSUP. */
static int find_new(struct tc_pristine *p, struct take *take)
{
	FILE *maps = open_maps();
	if (!maps) {
		return -errno;
	}
	struct mapping m;
	size_t heap = 0;
	int err = 0;
	while (!err && next_mapping(maps, &m)) {
		heap += m.heap ? m.to - m.from : 0;
		if (m.own_rw && !m.named) {
			err = each_rest(p, m.from, m.to, note_range, take);
		}
	}
	fclose(maps);
	return err ? err : mallinfo2().arena > heap ? -ENOTSUP : 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int fill_file(int fd, const struct take *take)
{
	int err = 0;
	for (int i = 0; !err && i < take->count; i++) {
		const struct range *r = &take->ranges[i];
		err = write_all(fd, (const char *)r->from, r->to - r->from);
	}
	if (!err && ftruncate(fd, (off_t)(take->size + SPARE)) < 0) {
		err = -errno;
	}
	return err;
}

/* Each is replaced in one step by what reads the same. */
static int map_over(int fd, const struct take *take)
{
	off_t at = 0;
	for (int i = 0; i < take->count; i++) {
		const struct range *r = &take->ranges[i];
		size_t size = r->to - r->from;
		if (mmap((void *)r->from, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
			 at) == MAP_FAILED) {
			return -errno; /* the rest stays as it is */
		}
		/* Forks find them mapped; and the figures of this process stay true. */
		madvise((void *)r->from, size, MADV_POPULATE_READ);
		at += (off_t)size;
	}
	return 0;
}

static int keep(struct tc_pristine *p, struct take *take)
{
	struct stat st;
	int err = find_new(p, take);
	if (err || take->count == 0) {
		return err;
	}
	int fd = memfd_create("orb-models", MFD_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	err = fill_file(fd, take);
	void *view = err ? MAP_FAILED : mmap(NULL, take->size, PROT_READ, MAP_SHARED, fd, 0);
	if (!err && (view == MAP_FAILED || fstat(fd, &st) < 0)) {
		err = -errno;
	}
	if (!err) {
		p->view = view;
		p->size = take->size;
		p->inode = st.st_ino;
		err = map_over(fd, take);
	}
	close(fd);
	return err;
}

int tc_pristine_keep(struct tc_pristine *p)
{
	TC_ASSERT(!p->inode);
	if (SANITIZED) {
		return -ENOTSUP;
	}
	if (count_threads() != 1) {
		return -EBUSY;
	}
	struct take *take = calloc(1, sizeof(*take));
	int err = take ? keep(p, take) : -ENOMEM;
	free(take);
	return err;
}

struct run {
	char *from, *to;
	ssize_t returned;
};

static void finish_run(struct run *run)
{
	size_t size = (size_t)(run->to - run->from);
	if (size && madvise(run->from, size, MADV_DONTNEED) == 0) {
		run->returned += (ssize_t)size;
	}
	run->from = run->to = NULL;
}

static void look_at(const struct tc_pristine *p, char *at, const char *was, uint64_t entry,
		    struct run *run)
{
	bool written = (entry & PRESENT) && !(entry & OF_FILE);
	if (!written || memcmp(at, was, p->page) != 0) {
		finish_run(run);
		return;
	}
	run->from = run->from ? run->from : at;
	run->to = at + p->page;
}

static ssize_t return_mapping(const struct tc_pristine *p, int pagemap, const struct mapping *m)
{
	uint64_t entries[CHUNK];
	struct run run = {0};
	size_t pages = (m->to - m->from) / p->page;
	size_t kept = m->offset < p->size ? (p->size - m->offset) / p->page : 0;
	pages = pages < kept ? pages : kept; /* the rest was added since */
	for (size_t i = 0; i < pages; i += CHUNK) {
		size_t count = pages - i < CHUNK ? pages - i : CHUNK;
		off_t where = (off_t)((m->from / p->page + i) * sizeof(*entries));
		ssize_t n = pread(pagemap, entries, count * sizeof(*entries), where);
		if (n != (ssize_t)(count * sizeof(*entries))) {
			break;
		}
		for (size_t k = 0; k < count; k++) {
			size_t offset = (i + k) * p->page;
			look_at(p, (char *)m->from + offset, p->view + m->offset + offset,
				entries[k], &run);
		}
	}
	finish_run(&run);
	return run.returned;
}

ssize_t tc_pristine_return(struct tc_pristine *p)
{
	if (!p->inode) {
		return 0;
	}
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0) {
		return -errno;
	}
	FILE *maps = open_maps();
	ssize_t returned = maps ? 0 : -errno;
	struct mapping m;
	/* Asked each time: what was freed or moved since is somebody else's, or elsewhere. */
	while (maps && next_mapping(maps, &m)) {
		if (m.own_rw && m.inode == p->inode) {
			returned += return_mapping(p, pagemap, &m);
		}
	}
	if (maps) {
		fclose(maps);
	}
	close(pagemap);
	/* Read once, and not again before the next time. */
	madvise((void *)p->view, p->size, MADV_DONTNEED);
	return returned;
}

void tc_pristine_destroy(struct tc_pristine *p)
{
	if (p && p->view) {
		munmap((void *)p->view, p->size);
	}
	free(p);
}
