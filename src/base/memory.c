// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* From malloc's mmap threshold on; what is larger than this is no allocation of ours, but address
 * space that a sanitizer has reserved. */
#define SMALLEST (128 * 1024)
#define LARGEST  (64 * 1024 * 1024)

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	if (!dir) {
		return -errno;
	}
	int count = 0;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		count += entry->d_name[0] != '.';
	}
	closedir(dir);
	return count;
}

/* Reads whole pages, with what a sanitizer keeps between allocations. */
__attribute__((no_sanitize("address"))) static bool is_zero(const volatile uint64_t *page,
							    size_t size)
{
	for (size_t i = 0; i < size / sizeof(*page); i++) {
		if (page[i]) {
			return false;
		}
	}
	return true;
}

static size_t return_pages(uintptr_t from, uintptr_t to)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), returned = 0;
	uintptr_t run = from; /* zeros from here */
	for (uintptr_t at = from; at <= to; at += page) {
		if (at < to && is_zero((const volatile uint64_t *)at, page)) {
			continue;
		}
		if (at > run && madvise((void *)run, at - run, MADV_DONTNEED) == 0) {
			returned += at - run;
		}
		run = at + page;
	}
	return returned;
}

/* "from-to rw-p 00000000 00:00 0", without a name: private, anonymous, neither heap nor stack. */
static bool is_allocation(const char *line, uintptr_t *from, uintptr_t *to)
{
	char rights[5];
	uint64_t inode;
	int end = 0;
	if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %" SCNu64 " %n", from, to, rights,
		   &inode, &end) != 4) {
		return false;
	}
	return strcmp(rights, "rw-p") == 0 && inode == 0 && line[end] == '\0' &&
	       *to - *from >= SMALLEST && *to - *from <= LARGEST;
}

ssize_t tc_memory_return_zeros(void)
{
	int threads = count_threads();
	if (threads != 1) {
		return threads < 0 ? threads : -EBUSY;
	}
	FILE *maps = fopen("/proc/self/maps", "re");
	if (!maps) {
		return -errno;
	}
	char line[512];
	uintptr_t from, to;
	ssize_t returned = 0;
	while (fgets(line, sizeof(line), maps)) {
		if (is_allocation(line, &from, &to)) {
			returned += (ssize_t)return_pages(from, to);
		}
	}
	fclose(maps);
	return returned;
}
