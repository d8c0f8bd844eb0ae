/* probe/args.h -- what tricall probe is told: flags, and secrets by environment or .env. Pure but
 * for reading these.
 */
#ifndef TC_PROBE_ARGS_H
#define TC_PROBE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/options.h"

#define TC_PROBE_ROOMS_MAX 1000

struct tc_probe_args {
	char *url; /* ws(s)://..., whatever of http(s) was given */
	char *room;
	int64_t rooms;
	char *token, *second_token, *key, *role;
	bool second;
	char *play;
	bool silent;
	int64_t duration_s, timeout_s, stagger_ms;
	char *stun, *turn, *ca;
	bool relay;
	bool json, help, version;
	char *log_level;
	/* environment and .env */
	char *api_keys, *probe_token, *probe_cookie, *turn_secret;
	struct tc_options flags, env;
};

/* 0, or -EINVAL with one line that says what was expected. */
int tc_probe_args_parse(struct tc_probe_args *args, int argc, char **argv, char *error,
			size_t size);
void tc_probe_args_finish(struct tc_probe_args *args);
void tc_probe_args_help(struct tc_buf *out);
/* Media by the loopback interface, too? */
bool tc_probe_args_local(const struct tc_probe_args *args);

#endif
