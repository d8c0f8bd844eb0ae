/* orb/args.h -- what the orb is told at its start: flags and environment of protocol.md section 2.
 */
#ifndef TC_ORB_ARGS_H
#define TC_ORB_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"

struct tc_orb_args { /* strings owned by the options inside */
	/* flags */
	char *room, *session, *coach, *client, *cpu_host;
	int64_t max_lifetime, idle_timeout;
	bool test_mode;
	/* environment */
	char *env_cpu_host;  /* CPU_SERVER_HOST, when --cpu-host is absent */
	char *websocket_url; /* CPU_WEBSOCKET_URL: ws://HOST:PORT */
	char *tls_ca;        /* ORB_TLS_CA: for wss:// */
	char *token;         /* ORB_TOKEN */
	char *log_level, *log_format;
	char *stun_urls;
	char *turn_urls, *turn_username, *turn_password;
	bool relay_only;
	int64_t test_timeout;
	int64_t heartbeat;    /* ms between two heartbeats without a change */
	int64_t session_ends; /* wall-clock ms; 0: unknown */
	int64_t session_began;
	bool restore;
	int64_t cleanup_grace;
	char *recognizer, *synthesizer, *script;
	char *model_dir, *share_dir;
	char *bind_address;
	char *manager_socket;  /* ORB_MANAGER_SOCKET: where another manager may be found */
	char *spool_dir;       /* ORB_SPOOL_DIR: last words that nobody took */
	int64_t adopt_window;  /* ms to look for another manager */
	char server_url[1024]; /* ws:// or wss://, of the three above; checked */
	char user_id[129];     /* the token's `sub`, or ai-orb-SESSION */

	struct tc_options flags, env;
};

/* Takes argv apart. 0, or -EINVAL with one line in `error` that says what was expected. */
int tc_orb_args_parse(struct tc_orb_args *args, int argc, char **argv, char *error, size_t size);
/* The environment alone, for the nest, which has no room. */
int tc_orb_args_parse_env(struct tc_orb_args *args, char *error, size_t size);
void tc_orb_args_finish(struct tc_orb_args *args);
void tc_orb_args_help(struct tc_buf *out);

#endif
