// SPDX-License-Identifier: Apache-2.0
#include "probe/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/id.h"
#include "uplink/uplink.h"

#define AT(field) offsetof(struct tc_probe_args, field)

static const struct tc_option flag_table[] = {
	{"URL", TC_OPTION_STR, AT(url),
	 .doc = "ws://HOST:PORT or wss://HOST of the server; http(s):// is taken, too"},
	{"ROOM", TC_OPTION_STR, AT(room),
	 .doc = "the room; with --rooms what their names begin with"},
	{"ROOMS", TC_OPTION_INT, AT(rooms), .initial = "0", .min = 0, .max = TC_PROBE_ROOMS_MAX,
	 .unit = "rooms", .doc = "this many at a time: probe-1, probe-2 ...; needs --key"},
	{"TOKEN", TC_OPTION_STR, AT(token), .secret = true,
	 .doc = "join token for --room; better in PROBE_TOKEN, where `ps` does not show it"},
	{"SECOND_TOKEN", TC_OPTION_STR, AT(second_token), .secret = true,
	 .doc = "join token of the other person"},
	{"KEY", TC_OPTION_STR, AT(key), .doc = "id of the key of API_KEYS that signs our tokens"},
	{"ROLE", TC_OPTION_ENUM, AT(role), .initial = "client", .choices = "coach|client",
	 .doc = "who we are, with --key: coach or client"},
	{"SECOND", TC_OPTION_BOOL, AT(second), .initial = "false",
	 .doc = "the other person comes as well, and both are connected: a whole call of three"},
	{"PLAY", TC_OPTION_STR, AT(play),
	 .doc = "WAV file to say; none: flite says \"hello orb, can you help me\""},
	{"SILENT", TC_OPTION_BOOL, AT(silent), .initial = "false",
	 .doc = "say nothing, and want no answer"},
	{"DURATION", TC_OPTION_INT, AT(duration_s), .initial = "0", .min = 0, .max = 86400,
	 .unit = "s",
	 .doc = "stay this long after the last room began, saying it again and again; "
		"0: until all was measured once"},
	{"TIMEOUT", TC_OPTION_INT, AT(timeout_s), .initial = "15", .min = 1, .max = 600,
	 .unit = "s", .doc = "how long each step may take"},
	{"STAGGER", TC_OPTION_INT, AT(stagger_ms), .initial = "200", .min = 0, .max = 60000,
	 .unit = "ms", .doc = "time between the starts of two rooms"},
	{"STUN", TC_OPTION_STR, AT(stun),
	 .doc = "host:port of a STUN server; none: our own addresses"},
	{"TURN", TC_OPTION_STR, AT(turn), .doc = "host:port of a TURN server; needs TURN_SECRET"},
	{"RELAY", TC_OPTION_BOOL, AT(relay), .initial = "false",
	 .doc = "media by the TURN server only"},
	{"CA", TC_OPTION_STR, AT(ca),
	 .doc = "PEM file of whom to trust for wss://, beside the system's"},
	{"JSON", TC_OPTION_BOOL, AT(json), .initial = "false", .doc = "print one JSON object"},
	{"LOG_LEVEL", TC_OPTION_STR, AT(log_level), .initial = "error",
	 .doc = "error, warn, info, debug or trace, on standard error"},
	{"VERSION", TC_OPTION_BOOL, AT(version), .initial = "false", .doc = "print the version"},
	{"HELP", TC_OPTION_BOOL, AT(help), .initial = "false", .doc = "this text"},
};

static const struct tc_option env_table[] = {
	{"API_KEYS", TC_OPTION_STR, AT(api_keys), .secret = true,
	 .doc = "id:secret[,id:secret...], as the server has them; for --key"},
	{"PROBE_TOKEN", TC_OPTION_STR, AT(probe_token), .secret = true, .doc = "--token"},
	{"PROBE_COOKIE", TC_OPTION_STR, AT(probe_cookie), .secret = true,
	 .doc = "a signed-in browser's Cookie header, in place of a token"},
	{"TURN_SECRET", TC_OPTION_STR, AT(turn_secret), .secret = true, .doc = "for --turn"},
};

/* http://... is as good: what people have at hand is the address of the page. */
static int to_websocket(struct tc_probe_args *args)
{
	if (strncmp(args->url, "http://", 7) != 0 && strncmp(args->url, "https://", 8) != 0) {
		return 0;
	}
	size_t len = strlen(args->url);
	char *url = malloc(len);
	if (!url) {
		return -ENOMEM;
	}
	snprintf(url, len, "ws%s", args->url + 4);
	free(args->url);
	args->url = url;
	return 0;
}

static int check_url(struct tc_probe_args *args, char *error, size_t size)
{
	if (!args->url) {
		snprintf(error, size, "--url=ws://HOST:PORT is missing");
		return -EINVAL;
	}
	int err = to_websocket(args);
	if (!err && !tc_uplink_url_ok(args->url)) {
		snprintf(error, size, "--url=%.100s: expected ws://HOST:PORT or wss://HOST",
			 args->url);
		err = -EINVAL;
	}
	return err;
}

/* NULL, or what is wrong with who we are to be. */
static const char *who_is_wrong(const struct tc_probe_args *args)
{
	int ways = (args->token != NULL) + (args->key != NULL);
	if (ways > 1) {
		return "expected --token or --key, not both";
	}
	if (!ways && !args->probe_token && !args->probe_cookie) {
		return "expected --token=JWT or --key=ID (see --help)";
	}
	if (args->rooms && !args->key) {
		return "--rooms needs --key=ID: each room wants a token of its own";
	}
	if (!args->rooms && !args->room) {
		return "--room=ID or --rooms=N is missing";
	}
	if (args->second && !args->key && !args->second_token) {
		return "--second needs --key=ID or --second-token=JWT";
	}
	if (args->second_token && args->key) {
		return "expected --second-token or --key, not both";
	}
	return NULL;
}

static int check(struct tc_probe_args *args, char *error, size_t size)
{
	const char *wrong = who_is_wrong(args);
	int err = check_url(args, error, size);
	if (err) {
		return err;
	}
	wrong = wrong                              ? wrong
		: args->silent && args->play       ? "expected --play or --silent, not both"
		: args->turn && !args->turn_secret ? "--turn needs TURN_SECRET"
		: args->relay && !args->turn       ? "--relay needs --turn=HOST:PORT"
						   : NULL;
	if (wrong) {
		snprintf(error, size, "%s", wrong);
		return -EINVAL;
	}
	/* Behind the longest name there is to be a number. */
	if (args->room && (!tc_id_valid(args->room) || strlen(args->room) > TC_ID_MAX - 5)) {
		snprintf(error, size, "--room=%.40s: expected 1-%d of A-Z a-z 0-9 _ . : @ -",
			 args->room, TC_ID_MAX - 5);
		return -EINVAL;
	}
	args->second = args->second || args->second_token;
	return 0;
}

static int load_env(struct tc_probe_args *args)
{
	int err = tc_options_load_file(&args->env, ".env");
	return err ? err : tc_options_load_env(&args->env);
}

int tc_probe_args_parse(struct tc_probe_args *args, int argc, char **argv, char *error, size_t size)
{
	*args = (struct tc_probe_args){0};
	int err = tc_options_init(&args->flags, flag_table, TC_COUNT(flag_table), args);
	err = err ? err : tc_options_init(&args->env, env_table, TC_COUNT(env_table), args);
	if (!err && (err = tc_options_load_flags(&args->flags, &argc, argv)) != 0) {
		snprintf(error, size, "%s", args->flags.error);
	}
	if (!err && (args->help || args->version)) {
		return 0;
	}
	if (!err && argc > 1) {
		snprintf(error, size, "unexpected %.80s; see tricall probe --help", argv[1]);
		err = -EINVAL;
	}
	if (!err && (err = load_env(args)) != 0) {
		snprintf(error, size, "%s", args->env.error);
	}
	return err ? err : check(args, error, size);
}

void tc_probe_args_finish(struct tc_probe_args *args)
{
	tc_options_finish(&args->flags);
	tc_options_finish(&args->env);
}

bool tc_probe_args_local(const struct tc_probe_args *args)
{
	const char *host = strstr(args->url, "://") + 3;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

void tc_probe_args_help(struct tc_buf *out)
{
	struct tc_options o = {.table = flag_table, .count = TC_COUNT(flag_table)};
	tc_buf_puts(out,
		    "usage: tricall probe --url=ws://HOST:PORT --room=ID --token=JWT [flags]\n"
		    "       tricall probe --url=ws://HOST:PORT --rooms=N --key=ID [--duration=S] "
		    "[flags]\n\n"
		    "Takes part in a call as a person would, says something, listens, and tells "
		    "how it went.\nExit 0: all was well; 1: something was not; 64: bad usage.\n\n");
	tc_options_help(&o, out);
	tc_buf_puts(out, "\nenvironment, or .env in this folder:\n");
	for (size_t i = 0; i < TC_COUNT(env_table); i++) {
		tc_buf_putf(out, "  %-28s %s\n", env_table[i].name, env_table[i].doc);
	}
}
