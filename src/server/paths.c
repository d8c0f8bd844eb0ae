// SPDX-License-Identifier: Apache-2.0
#include "server/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int tc_path_beside(const char *name, char *out, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0) {
		return -errno;
	}
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	*slash = '\0';
	int len = snprintf(out, size, "%s/%s", self, name);
	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

static int has_pages(const char *dir)
{
	char probe[PATH_MAX];
	int n = snprintf(probe, sizeof(probe), "%s/pages", dir);
	return n > 0 && (size_t)n < sizeof(probe) && access(probe, R_OK | X_OK) == 0;
}

int tc_path_web(const char *wanted, char *out, size_t size)
{
	static const char *const places[] = {"../web", "../share/tricall/web"};
	if (wanted) {
		int n = snprintf(out, size, "%s", wanted);
		return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : has_pages(out) ? 0 : -ENOENT;
	}
	for (size_t i = 0; i < 2; i++) {
		int err = tc_path_beside(places[i], out, size);
		if (!err && has_pages(out)) {
			return 0;
		}
	}
	return -ENOENT;
}

int tc_path_vendor(const char *file, char *out, size_t size)
{
	static const char *const places[] = {"../node_modules", "../share/tricall/node_modules"};
	char name[256];
	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(name, sizeof(name), "%s/%s", places[i], file);
		int err = n < 0 || (size_t)n >= sizeof(name) ? -ENAMETOOLONG
							     : tc_path_beside(name, out, size);
		if (!err && access(out, R_OK) == 0) {
			return 0;
		}
	}
	return -ENOENT;
}
