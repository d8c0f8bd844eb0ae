// SPDX-License-Identifier: Apache-2.0
#include "orb/args.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "uplink/uplink.h"

#define AT(field) offsetof(struct tc_orb_args, field)
#define HOURS(n)  ((int64_t)(n)*3600 * 1000)

static const struct tc_option flag_table[] = {
	{"ROOM", TC_OPTION_STR, AT(room), .doc = "the room to join"},
	{"SESSION", TC_OPTION_STR, AT(session), .doc = "the session's id"},
	{"COACH", TC_OPTION_STR, AT(coach), .initial = "", .doc = "the coach's user id"},
	{"CLIENT", TC_OPTION_STR, AT(client), .initial = "", .doc = "the client's user id"},
	{"CPU_HOST", TC_OPTION_STR, AT(cpu_host),
	 .doc = "HOST:PORT of the server, with a path if it has one"},
	{"MAX_LIFETIME", TC_OPTION_INT, AT(max_lifetime), .initial = "7200000", .min = 1000,
	 .max = HOURS(24), .unit = "ms", .doc = "ends after this long"},
	{"IDLE_TIMEOUT", TC_OPTION_INT, AT(idle_timeout), .initial = "300000", .min = 1000,
	 .max = HOURS(24), .unit = "ms", .doc = "ends when nobody was in the room for this long"},
	{"TEST_MODE", TC_OPTION_BOOL, AT(test_mode), .initial = "false",
	 .doc = "a test appointment: neither life nor idle time is longer than ORB_TEST_TIMEOUT"},
};

static const struct tc_option env_table[] = {
	{"CPU_SERVER_HOST", TC_OPTION_STR, AT(env_cpu_host), .doc = "where --cpu-host is absent"},
	{"CPU_WEBSOCKET_URL", TC_OPTION_STR, AT(websocket_url),
	 .doc = "ws://HOST:PORT or wss://HOST:PORT"},
	{"ORB_TLS_CA", TC_OPTION_STR, AT(tls_ca),
	 .doc = "PEM file of certificates to trust for wss://, beside the system's"},
	{"ORB_TOKEN", TC_OPTION_STR, AT(token), .secret = true, .doc = "join token for this room"},
	{"ORB_LOG_LEVEL", TC_OPTION_STR, AT(log_level), .initial = "info",
	 .doc = "LEVEL[,GLOB=LEVEL...]"},
	{"LOG_FORMAT", TC_OPTION_ENUM, AT(log_format), .initial = "text", .choices = "text|json",
	 .doc = "of the log lines"},
	{"STUN_URLS", TC_OPTION_STR, AT(stun_urls), .doc = "stun:HOST:PORT; the first is used"},
	{"ORB_TURN_URLS", TC_OPTION_STR, AT(turn_urls),
	 .doc = "turn:HOST[:PORT]; the first one by UDP is used"},
	{"ORB_TURN_USERNAME", TC_OPTION_STR, AT(turn_username), .doc = "for that server"},
	{"ORB_TURN_PASSWORD", TC_OPTION_STR, AT(turn_password), .secret = true,
	 .doc = "for that server"},
	{"ORB_RELAY_ONLY", TC_OPTION_BOOL, AT(relay_only), .initial = "false",
	 .doc = "media only through the TURN server"},
	{"ORB_TEST_TIMEOUT", TC_OPTION_INT, AT(test_timeout), .initial = "30000", .min = 100,
	 .max = HOURS(24), .unit = "ms", .doc = "life and idle timeout in test mode"},
	{"ORB_HEALTH_CHECK_INTERVAL", TC_OPTION_INT, AT(heartbeat), .initial = "30000", .min = 100,
	 .max = HOURS(1), .unit = "ms", .doc = "between two heartbeats without a change"},
	{"ORB_SESSION_ENDS", TC_OPTION_INT, AT(session_ends), .initial = "0", .min = 0,
	 .max = INT64_MAX / 2, .unit = "ms", .doc = "when the appointment ends, ms since 1970"},
	{"ORB_SESSION_BEGAN", TC_OPTION_INT, AT(session_began), .initial = "0", .min = 0,
	 .max = INT64_MAX / 2, .unit = "ms", .doc = "when the session began, ms since 1970"},
	{"ORB_RESTORE", TC_OPTION_BOOL, AT(restore), .initial = "false",
	 .doc = "a restore message comes: greet nobody before it"},
	{"ORB_CLEANUP_GRACE_PERIOD", TC_OPTION_INT, AT(cleanup_grace), .initial = "60000", .min = 1,
	 .max = HOURS(24), .unit = "ms",
	 .doc = "the manager ends an orb whose room is empty so long"},
	{"ORB_RECOGNIZER", TC_OPTION_STR, AT(recognizer), .initial = "pocketsphinx",
	 .doc = "speech to text engine: pocketsphinx, null"},
	{"ORB_SYNTHESIZER", TC_OPTION_STR, AT(synthesizer), .initial = "flite",
	 .doc = "text to speech engine: flite, null"},
	{"ORB_SCRIPT", TC_OPTION_STR, AT(script), .doc = "what the null recognizer hears"},
	{"ORB_MODEL_DIR", TC_OPTION_STR, AT(model_dir),
	 .doc = "folder of the speech model; Debian's where it is absent"},
	{"ORB_SHARE_DIR", TC_OPTION_STR, AT(share_dir),
	 .doc = "language data; found beside the program"},
	{"ORB_MANAGER_SOCKET", TC_OPTION_STR, AT(manager_socket),
	 .doc = "Unix socket of the next manager, should this one go away"},
	{"ORB_SPOOL_DIR", TC_OPTION_STR, AT(spool_dir),
	 .doc = "folder for last words that no manager took"},
	{"ORB_ADOPT_WINDOW", TC_OPTION_INT, AT(adopt_window), .initial = "30000", .min = 0,
	 .max = HOURS(1), .unit = "ms", .doc = "how long to look for the next manager"},
	{"ORB_BIND_ADDRESS", TC_OPTION_STR, AT(bind_address),
	 .doc = "only this local address for media"},
};

/* The `sub` of a JWT we were handed by our own server: it checks it, we only read our name off it.
 */
static bool token_subject(const char *token, char *out, size_t size)
{
	const char *body = strchr(token, '.');
	const char *end = body ? strchr(body + 1, '.') : NULL;
	char text[2048];
	struct tc_json claims;
	int len = end ? tc_base64url_decode(body + 1, (size_t)(end - body - 1), text, sizeof(text))
		      : -TC_EPARSE;
	return len > 0 && tc_json_parse(&claims, text, (size_t)len, NULL) == 0 &&
	       tc_json_get_str(claims, "sub", out, size) > 0;
}

static int check_id(const char *flag, const char *value, bool empty_ok, char *error, size_t size)
{
	if (!value || (!*value && !empty_ok)) {
		snprintf(error, size, "%s=ID is missing", flag);
		return -EINVAL;
	}
	if (*value && !tc_id_valid(value)) {
		snprintf(error, size, "%s=%.40s: expected 1-128 of A-Z a-z 0-9 _ . : @ -", flag,
			 value);
		return -EINVAL;
	}
	return 0;
}

static bool same_server(const char *url, const char *host)
{
	const char *at = strstr(url, "://");
	at = at ? at + 3 : url;
	size_t len = strcspn(host, "/");
	return strcspn(at, "/") == len && strncmp(at, host, len) == 0;
}

/* The flag goes before the environment. Where CPU_WEBSOCKET_URL is about the same host and port, it
 * says more: wss, or a path. */
static int check_server(struct tc_orb_args *args, char *error, size_t size)
{
	const char *url = args->websocket_url;
	const char *host = args->cpu_host ? args->cpu_host : args->env_cpu_host;
	bool by_url = url && (!args->cpu_host || same_server(url, args->cpu_host));
	if (!by_url && !host) {
		snprintf(error, size, "--cpu-host=HOST:PORT is missing");
		return -EINVAL;
	}
	snprintf(args->server_url, sizeof(args->server_url), "%s%s", by_url ? "" : "ws://",
		 by_url ? url : host);
	if (tc_uplink_url_ok(args->server_url)) {
		return 0;
	}
	if (by_url) {
		snprintf(error, size,
			 "CPU_WEBSOCKET_URL=%.80s: expected ws://HOST:PORT or wss://HOST:PORT",
			 url);
	} else {
		snprintf(error, size, "%s=%.80s: expected HOST:PORT, a port of 1 to 65535",
			 args->cpu_host ? "--cpu-host" : "CPU_SERVER_HOST", host);
	}
	return -EINVAL;
}

static int check(struct tc_orb_args *args, char *error, size_t size)
{
	int err = check_id("--room", args->room, false, error, size);
	if (!err) {
		err = check_id("--session", args->session, false, error, size);
	}
	if (!err) {
		err = check_id("--coach", args->coach, true, error, size);
	}
	if (!err) {
		err = check_id("--client", args->client, true, error, size);
	}
	if (err) {
		return err;
	}
	err = check_server(args, error, size);
	if (err) {
		return err;
	}
	const char *bind = args->bind_address;
	struct in6_addr address;
	if (bind && inet_pton(AF_INET, bind, &address) != 1 &&
	    inet_pton(AF_INET6, bind, &address) != 1) {
		snprintf(error, size, "ORB_BIND_ADDRESS=%.80s: expected an IP address", bind);
		return -EINVAL;
	}
	if (args->tls_ca && access(args->tls_ca, R_OK) != 0) {
		snprintf(error, size, "ORB_TLS_CA=%.160s: %s", args->tls_ca, strerror(errno));
		return -EINVAL;
	}
	if (!args->token || !token_subject(args->token, args->user_id, sizeof(args->user_id))) {
		snprintf(args->user_id, sizeof(args->user_id), "ai-orb-%.120s", args->session);
	}
	return 0;
}

int tc_orb_args_parse_env(struct tc_orb_args *args, char *error, size_t size)
{
	*args = (struct tc_orb_args){0};
	int err = tc_options_init(&args->env, env_table, sizeof(env_table) / sizeof(env_table[0]),
				  args);
	err = err ? err : tc_options_load_env(&args->env);
	snprintf(error, size, "%s", args->env.error);
	return err;
}

int tc_orb_args_parse(struct tc_orb_args *args, int argc, char **argv, char *error, size_t size)
{
	*args = (struct tc_orb_args){0};
	int err = tc_options_init(&args->flags, flag_table,
				  sizeof(flag_table) / sizeof(flag_table[0]), args);
	if (!err) {
		err = tc_options_init(&args->env, env_table,
				      sizeof(env_table) / sizeof(env_table[0]), args);
	}
	if (!err) {
		err = tc_options_load_env(&args->env);
		snprintf(error, size, "%s", args->env.error);
	}
	if (!err) {
		err = tc_options_load_flags(&args->flags, &argc, argv);
		snprintf(error, size, "%s", args->flags.error);
	}
	if (!err && argc > 1) {
		snprintf(error, size, "%.80s: no such flag", argv[1]);
		err = -EINVAL;
	}
	return err ? err : check(args, error, size);
}

void tc_orb_args_finish(struct tc_orb_args *args)
{
	tc_options_finish(&args->flags);
	tc_options_finish(&args->env);
}

void tc_orb_args_help(struct tc_buf *out)
{
	struct tc_options o = {.table = flag_table,
			       .count = sizeof(flag_table) / sizeof(flag_table[0])};
	tc_buf_puts(
		out,
		"aiorb --room=ID --session=ID --coach=ID --client=ID --cpu-host=HOST:PORT [flags]\n"
		"The AI participant of one room. Started by tricall.\n\n");
	tc_options_help(&o, out);
	tc_buf_puts(out, "\nEnvironment:\n");
	for (size_t i = 0; i < sizeof(env_table) / sizeof(env_table[0]); i++) {
		tc_buf_putf(out, "  %-28s %s\n", env_table[i].name, env_table[i].doc);
	}
}
