// SPDX-License-Identifier: Apache-2.0
#include "server/data_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE "server.lock"
#define PATH_SIZE 4096

static int path_of(const char *dir, char *out)
{
	int n = snprintf(out, PATH_SIZE, "%s/" LOCK_FILE, dir);
	return n < 0 || n >= PATH_SIZE ? -ENAMETOOLONG : 0;
}

/* Of the open file and not of the process (fcntl_locking(2)): no other descriptor that is closed
 * drops it, and unlike flock(2) it can be asked after without being taken. */
static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static int read_pid(int fd)
{
	char text[16] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	return n > 0 ? (int)strtol(text, NULL, 10) : 0;
}

static int write_pid(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	return ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n ? -errno : 0;
}

static int lock(int fd)
{
	struct flock all = whole_file();
	if (fcntl(fd, F_OFD_SETLK, &all) < 0) {
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	}
	(void)write_pid(fd); /* on a full disk nobody is named, and it is locked all the same */
	return 0;
}

/* One line for each, with what to do. */
static int say(int err, const char *dir, int holder, char *why, size_t size)
{
	bool folder = access(dir, R_OK | W_OK | X_OK) < 0;
	char who[32] = "";
	if (err != -EBUSY) {
		snprintf(why, size,
			 "data folder %s: %s%s; set DATA_DIR to a folder that user %u may write to",
			 dir, folder ? "" : LOCK_FILE ": ", strerror(-err), (unsigned)geteuid());
		return err;
	}
	if (holder > 0) {
		snprintf(who, sizeof(who), " (process %d)", holder);
	}
	snprintf(why, size,
		 "data folder %s: another server uses it%s; stop that one, or set DATA_DIR to "
		 "another folder",
		 dir, who);
	return err;
}

int tc_data_lock_take(const char *dir, int *fd, char *why, size_t why_size)
{
	char path[PATH_SIZE];
	int err = path_of(dir, path);
	if (err) {
		return say(err, dir, 0, why, why_size);
	}
	int made = mkdir(dir, 0700) < 0 ? -errno : 0;
	int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0) {
		/* That the folder is not there is no reason: why it could not be made is one. */
		err = errno == ENOENT && made ? made : -errno;
		return say(err, dir, 0, why, why_size);
	}
	err = lock(file);
	if (err) {
		say(err, dir, read_pid(file), why, why_size);
		close(file);
		return err;
	}
	*fd = file;
	return 0;
}

int tc_data_lock_holder(const char *dir)
{
	char path[PATH_SIZE];
	struct flock found = whole_file();
	int err = path_of(dir, path);
	/* To ask for a lock to write, a file that can be read is enough. */
	int fd = err ? -1 : open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		err = err ? err : -errno;
		return err == -ENOENT ? 0 : err;
	}
	int holder = fcntl(fd, F_OFD_GETLK, &found) < 0 ? -errno
		     : found.l_type == F_UNLCK          ? 0
							: read_pid(fd);
	close(fd);
	return holder;
}
