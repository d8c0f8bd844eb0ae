/* server/config.h -- every setting of tricall: one table, from which .env, environment, flags,
 * --help and docs/configuration.md come. Only main, serve and the command line see it: they hand
 * each module its own config struct.
 */
#ifndef TC_SERVER_CONFIG_H
#define TC_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/jwt.h"
#include "base/options.h"

/* Text fields: owned by the options; NULL when unset (an empty value counts as unset). */
struct tc_config {
	/* the server */
	char *host;
	int64_t port;
	char *public_url;
	char *data_dir;
	char *web_dir;
	char *tls_cert, *tls_key;
	char *api_keys_text;
	int64_t signal_rate, signal_burst;
	char *stun_urls, *turn_urls, *turn_secret;
	char *log_level, *log_format;
	bool demo;
	/* orbs */
	bool enable_ai_orbs, orb_nest;
	int64_t orb_spares;
	int64_t max_concurrent_orbs;
	char *orb_command;
	char *gpu_server_path;
	char *orb_model_dir;
	char *orb_log_level;
	char *cpu_host, *cpu_server_url, *cpu_websocket_url;
	int64_t orb_health_check_interval, orb_cleanup_grace_period, orb_active_cleanup;
	int64_t orb_max_lifetime, orb_idle_timeout, orb_test_timeout;
	int64_t orb_unresponsive_after, orb_kill_after, orb_kill_grace;
	int64_t drain_timeout;
	int64_t orb_ready_timeout, orb_restart_limit, orb_restart_window;
	int64_t orb_max_memory_mb, orb_max_cpu_percent, orb_sample_interval;
	bool orb_admission, orb_cgroups;
	/* speech and language elsewhere: checked, not used yet */
	char *llm_url, *llm_model, *llm_api_key, *stt_url, *tts_url;

	struct tc_api_keys api_keys; /* api_keys_text, parsed */
};

struct tc_config_set {
	struct tc_config config;
	struct tc_options options; /* says where each value came from; error: the line to print */
};

/* Default < .env in the working directory < environment < flags (taken out of argv). 0, or a
 * negative error with options.error set; tc_config_finish() after both. Sets no log level. */
int tc_config_load(struct tc_config_set *set, int *argc, char **argv);
void tc_config_finish(struct tc_config_set *set);
/* The .env's and the flags' settings put into our environment, where an orb looks for its own. */
int tc_config_export(const struct tc_config_set *set);
/* docs/configuration.md, whole. */
void tc_config_markdown(const struct tc_config_set *set, struct tc_buf *out);

#endif
