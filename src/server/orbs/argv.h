/* server/orbs/argv.h -- what an orb's program is called with: arguments and environment.
 *
 * Pure (but for reading `environ`). Thread: any. Owner of what it makes: the caller.
 */
#ifndef TC_SERVER_ORBS_ARGV_H
#define TC_SERVER_ORBS_ARGV_H

#include <stdbool.h>
#include <stddef.h>

/* A NULL-terminated list of heap strings; err sticks. */
struct tc_strings {
	char **list; /* owned */
	size_t count;
	size_t cap;
	int err; /* 0 or -ENOMEM */
};
void tc_strings_finish(struct tc_strings *s);
void tc_strings_addf(struct tc_strings *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void tc_strings_addn(struct tc_strings *s, const char *text, size_t len);

/* Splits a command line at spaces, without a shell: '...' and "..." group, a backslash takes the
 * next character as it is (not inside '...'). -EINVAL: a quote is not closed; -ENOMEM. */
int tc_orb_split_command(struct tc_strings *out, const char *command);

/* The server's environment without what is the server's alone (keys, secrets, database) and without
 * the names that `extra` ("NAME=value") sets anew; then `extra`. */
void tc_orb_environment(struct tc_strings *out, char *const *base, const struct tc_strings *extra);

#endif
