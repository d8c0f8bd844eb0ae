// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"

#define AT(field) .offset = offsetof(struct tc_config, field)
#define TEXT(n, field, initial_, doc_)                                                        \
	{                                                                                     \
		.name = n, .type = TC_OPTION_STR, AT(field), .initial = initial_, .doc = doc_ \
	}
#define SECRET(n, field, doc_)                                                           \
	{                                                                                \
		.name = n, .type = TC_OPTION_STR, AT(field), .secret = true, .doc = doc_ \
	}
#define BOOL(n, field, initial_, doc_)                                                         \
	{                                                                                      \
		.name = n, .type = TC_OPTION_BOOL, AT(field), .initial = initial_, .doc = doc_ \
	}
#define INT(n, field, initial_, lo, hi, unit_, doc_)                                         \
	{                                                                                    \
		.name = n, .type = TC_OPTION_INT, AT(field), .initial = initial_, .min = lo, \
		.max = hi, .unit = unit_, .doc = doc_                                        \
	}
#define MS(n, field, initial_, doc_) INT(n, field, initial_, 1, 86400000, "ms", doc_)

static const struct tc_option table[] = {
	TEXT("HOST", host, "127.0.0.1", "address to listen on; 0.0.0.0 for all"),
	INT("PORT", port, "3000", 0, 65535, NULL, "port to listen on; 0 lets the system choose"),
	TEXT("PUBLIC_URL", public_url, NULL,
	     "how browsers reach the server, as https://call.example.org, when a proxy is in "
	     "front"),
	TEXT("DATA_DIR", data_dir, "./data", "folder of the database"),
	TEXT("WEB_DIR", web_dir, NULL, "folder of the pages; none: found beside the program"),
	TEXT("TLS_CERT", tls_cert, NULL,
	     "PEM certificate chain; with TLS_KEY the server speaks TLS"),
	TEXT("TLS_KEY", tls_key, NULL, "PEM private key"),
	SECRET("API_KEYS", api_keys_text,
	       "id:secret[,id:secret...] of the sites that may sign join tokens; 32 bytes or more "
	       "each"),
	INT("SIGNAL_RATE", signal_rate, "100", 1, 1000000, "messages/s",
	    "signaling messages a second one connection may send"),
	INT("SIGNAL_BURST", signal_burst, "300", 1, 1000000, "messages",
	    "signaling messages one connection may send at once"),
	TEXT("STUN_URLS", stun_urls, NULL, "stun:host[:port][,...] for browsers and orbs"),
	TEXT("TURN_URLS", turn_urls, NULL,
	     "turn:host[:port][?transport=udp|tcp][,...] for the browsers"),
	SECRET("TURN_SECRET", turn_secret, "shared with the TURN server (coturn: use-auth-secret)"),
	TEXT("LOG_LEVEL", log_level, "info",
	     "error, warn, info, debug or trace; also by topic: info,server.*=debug"),
	{.name = "LOG_FORMAT",
	 .type = TC_OPTION_ENUM,
	 AT(log_format),
	 .initial = "text",
	 .choices = "text|json",
	 .doc = "how log lines look"},
	BOOL("DEMO", demo, "false",
	     "with an empty database: make a demo coach, client and appointment"),
	BOOL("ENABLE_AI_ORBS", enable_ai_orbs, "true", "an orb joins each room"),
	INT("MAX_CONCURRENT_ORBS", max_concurrent_orbs, "8", 1, 1000, "orbs", "orbs at one time"),
	TEXT("ORB_COMMAND", orb_command, NULL,
	     "program to run as an orb instead of our own, with its first arguments"),
	BOOL("ORB_NEST", orb_nest, "true",
	     "our own orb is forked from a process with the speech models loaded"),
	INT("ORB_SPARES", orb_spares, "2", 1, 16, "orbs",
	    "kept ready for the next rooms; each takes 2 to 3 MB"),
	TEXT("GPU_SERVER_PATH", gpu_server_path, NULL, "working directory of the orbs"),
	TEXT("ORB_MODEL_DIR", orb_model_dir, NULL,
	     "folder of the speech model; none: where Debian's pocketsphinx-en-us puts it"),
	TEXT("ORB_LOG_LEVEL", orb_log_level, "info", "LOG_LEVEL of the orbs"),
	TEXT("CPU_HOST", cpu_host, NULL,
	     "host:port at which orbs reach this server; none: where it listens"),
	TEXT("CPU_SERVER_URL", cpu_server_url, NULL, "the same as http://host:port"),
	TEXT("CPU_WEBSOCKET_URL", cpu_websocket_url, NULL, "the same as ws://host:port"),
	/* An orb takes no less than 100. */
	INT("ORB_HEALTH_CHECK_INTERVAL", orb_health_check_interval, "30000", 100, 86400000, "ms",
	    "time between an orb's heartbeats; not set: at most half of ORB_UNRESPONSIVE_AFTER"),
	MS("ORB_CLEANUP_GRACE_PERIOD", orb_cleanup_grace_period, "60000",
	   "an orb leaves when its room was empty this long"),
	MS("ORB_ACTIVE_CLEANUP", orb_active_cleanup, "1800000",
	   "after this long without activity the room is looked at: empty, the orb leaves"),
	MS("ORB_MAX_LIFETIME", orb_max_lifetime, "7200000", "longest life of an orb"),
	MS("ORB_IDLE_TIMEOUT", orb_idle_timeout, "300000",
	   "an orb leaves when nobody was in its room this long, by its own clock"),
	MS("ORB_TEST_TIMEOUT", orb_test_timeout, "30000", "life of an orb in a test appointment"),
	MS("ORB_UNRESPONSIVE_AFTER", orb_unresponsive_after, "60000",
	   "an orb silent this long is unresponsive"),
	MS("ORB_KILL_AFTER", orb_kill_after, "120000", "an orb silent this long is killed"),
	MS("ORB_KILL_GRACE", orb_kill_grace, "10000",
	   "time an orb has to end when asked, before SIGTERM"),
	MS("ORB_READY_TIMEOUT", orb_ready_timeout, "15000",
	   "an orb that is not in the room by then is killed, and started again"),
	INT("ORB_RESTART_LIMIT", orb_restart_limit, "3", 0, 32, "restarts",
	    "an orb that dies is started again this often in ORB_RESTART_WINDOW, then it has "
	    "failed"),
	MS("ORB_RESTART_WINDOW", orb_restart_window, "60000", "see ORB_RESTART_LIMIT"),
	INT("DRAIN_TIMEOUT", drain_timeout, "60000", 0, 86400000, "ms",
	    "how long SIGTERM waits for sessions that run before it ends them"),
	INT("ORB_MAX_MEMORY_MB", orb_max_memory_mb, "2048", 16, 1048576, "MB",
	    "memory of one orb: its share of what it maps (PSS). One that stays above is replaced"),
	INT("ORB_MAX_CPU_PERCENT", orb_max_cpu_percent, "50", 1, 10000, "%",
	    "processor time of one orb; 100 is one core. One that stays above has to do less, then "
	    "is "
	    "replaced"),
	MS("ORB_SAMPLE_INTERVAL", orb_sample_interval, "5000", "how often that is looked at"),
	BOOL("ORB_CGROUPS", orb_cgroups, "true",
	     "these limits are kept by the kernel, in a control group (v2) for each orb, where "
	     "ours is "
	     "delegated to us"),
	BOOL("ORB_ADMISSION", orb_admission, "true",
	     "no further orb comes while the machine has no memory or CPU for it"),
	TEXT("LLM_URL", llm_url, NULL,
	     "not used yet: OpenAI-compatible chat endpoint for the orb's answers"),
	TEXT("LLM_MODEL", llm_model, NULL, "not used yet: its model"),
	SECRET("LLM_API_KEY", llm_api_key, "not used yet: its key"),
	TEXT("STT_URL", stt_url, NULL, "not used yet: OpenAI-compatible transcription endpoint"),
	TEXT("TTS_URL", tts_url, NULL, "not used yet: OpenAI-compatible speech endpoint"),
};

static int refuse(struct tc_config_set *set, const char *name, const char *value,
		  const char *expected)
{
	char spelling[TC_OPTION_NAME_SIZE];
	snprintf(set->options.error, sizeof(set->options.error), "%s=%.100s: expected %s",
		 tc_options_spelling(&set->options, name, spelling), value, expected);
	return -EINVAL;
}

/* One of `schemes` ("http://|https://"), then at least one character, no space. */
static bool has_scheme(const char *text, size_t len, const char *schemes)
{
	if (memchr(text, ' ', len)) {
		return false;
	}
	for (const char *p = schemes; *p;) {
		size_t n = strcspn(p, "|");
		if (len > n && memcmp(text, p, n) == 0) {
			return true;
		}
		p += n + (p[n] == '|');
	}
	return false;
}

static int check_url(struct tc_config_set *set, const char *name, const char *value,
		     const char *schemes, const char *expected)
{
	if (value && !has_scheme(value, strlen(value), schemes)) {
		return refuse(set, name, value, expected);
	}
	return 0;
}

static bool is_port(const char *text, size_t len)
{
	char digits[6];
	if (len == 0 || len >= sizeof(digits) || strspn(text, "0123456789") < len) {
		return false;
	}
	snprintf(digits, sizeof(digits), "%.*s", (int)len, text);
	int port = atoi(digits);
	return port > 0 && port <= 65535;
}

/* host [":" port] of RFC 3986 section 3.2; an IPv6 address in brackets. */
static bool is_host_port(const char *text, size_t len)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t host = strspn(text, name);
	if (len > 0 && text[0] == '[') {
		size_t address = strspn(text + 1, "0123456789abcdefABCDEF:.");
		host = address >= 2 && text[1 + address] == ']' ? address + 2 : 0;
	}
	if (host == 0 || host > len) {
		return false;
	}
	return host == len || (text[host] == ':' && is_port(text + host + 1, len - host - 1));
}

/* stun:host[:port] (RFC 7064 section 3.1), turn:host[:port][?transport=udp|tcp] (RFC 7065 section
 * 3.1); with an s behind the scheme for TLS. */
static bool is_ice_url(const char *text, size_t len, const char *scheme)
{
	static const char udp[] = "?transport=udp", tcp[] = "?transport=tcp";
	size_t n = strlen(scheme);
	if (len <= n || memcmp(text, scheme, n) != 0) {
		return false;
	}
	n += text[n] == 's';
	if (text[n] != ':') {
		return false;
	}
	text += n + 1;
	len -= n + 1;
	size_t tail = sizeof(udp) - 1;
	if (strcmp(scheme, "turn") == 0 && len > tail &&
	    (memcmp(text + len - tail, udp, tail) == 0 ||
	     memcmp(text + len - tail, tcp, tail) == 0)) {
		len -= tail;
	}
	return is_host_port(text, len);
}

static int check_ice(struct tc_config_set *set, const char *name, const char *value,
		     const char *scheme, const char *expected)
{
	for (const char *p = value; p; p = strchr(p, ',')) {
		p += p != value;
		if (!is_ice_url(p, strcspn(p, ","), scheme)) {
			return refuse(set, name, value, expected);
		}
	}
	return 0;
}

static int check_urls(struct tc_config_set *set)
{
	const struct tc_config *c = &set->config;
	const char *http = "http://|https://";
	const char *http_words = "http://... or https://...";
	int err = check_url(set, "PUBLIC_URL", c->public_url, http, http_words);
	const char *path = c->public_url ? strchr(c->public_url + 8, '/') : NULL;
	if (!err && path && path[1]) {
		err = refuse(set, "PUBLIC_URL", c->public_url, "no path behind the host");
	}
	err = err ? err : check_url(set, "CPU_SERVER_URL", c->cpu_server_url, http, http_words);
	err = err ? err
		  : check_url(set, "CPU_WEBSOCKET_URL", c->cpu_websocket_url, "ws://|wss://",
			      "ws://... or wss://...");
	err = err ? err : check_url(set, "LLM_URL", c->llm_url, http, http_words);
	err = err ? err : check_url(set, "STT_URL", c->stt_url, http, http_words);
	err = err ? err : check_url(set, "TTS_URL", c->tts_url, http, http_words);
	err = err ? err
		  : check_ice(set, "STUN_URLS", c->stun_urls, "stun", "stun:host[:port][,...]");
	err = err ? err
		  : check_ice(set, "TURN_URLS", c->turn_urls, "turn",
			      "turn:host[:port][?transport=udp|tcp][,...]");
	return err;
}

static bool by_default(const struct tc_config_set *set, const char *name)
{
	for (size_t i = 0; i < TC_COUNT(table); i++) {
		if (strcmp(table[i].name, name) == 0) {
			return set->options.source[i] == TC_FROM_DEFAULT;
		}
	}
	return false;
}

static int refuse_ms(struct tc_config_set *set, const char *name, int64_t ms, const char *expected)
{
	char value[24];
	snprintf(value, sizeof(value), "%" PRId64, ms);
	return refuse(set, name, value, expected);
}

/* An orb must get to be late before it counts as unresponsive, and that before it is killed. */
static int check_patience(struct tc_config_set *set)
{
	struct tc_config *c = &set->config;
	if (c->orb_health_check_interval > c->orb_unresponsive_after / 2 &&
	    by_default(set, "ORB_HEALTH_CHECK_INTERVAL")) {
		int64_t half = c->orb_unresponsive_after / 2;
		c->orb_health_check_interval = half > 100 ? half : 100;
	}
	if (c->orb_unresponsive_after <= c->orb_health_check_interval) {
		return refuse_ms(set, "ORB_UNRESPONSIVE_AFTER", c->orb_unresponsive_after,
				 "more than ORB_HEALTH_CHECK_INTERVAL");
	}
	if (c->orb_kill_after < c->orb_unresponsive_after) {
		return refuse_ms(set, "ORB_KILL_AFTER", c->orb_kill_after,
				 "no less than ORB_UNRESPONSIVE_AFTER");
	}
	return 0;
}

static int check_together(struct tc_config_set *set)
{
	const struct tc_config *c = &set->config;
	if (!c->tls_cert != !c->tls_key) {
		return c->tls_cert ? refuse(set, "TLS_KEY", "", "a file, as TLS_CERT has one")
				   : refuse(set, "TLS_CERT", "", "a file, as TLS_KEY has one");
	}
	if (c->turn_urls && !c->turn_secret) {
		return refuse(set, "TURN_SECRET", "",
			      "the TURN server's secret, as TURN_URLS is set");
	}
	if (!c->data_dir) {
		return refuse(set, "DATA_DIR", "", "a folder");
	}
	if (!c->host) {
		return refuse(set, "HOST", "", "an address");
	}
	char why[160];
	int err = tc_api_keys_parse(&set->config.api_keys, c->api_keys_text, why, sizeof(why));
	if (err) {
		snprintf(set->options.error, sizeof(set->options.error), "API_KEYS: %s", why);
	}
	return err;
}

/* "LEVEL[,GLOB=LEVEL...]" */
static int check_level(struct tc_config_set *set, const char *name, const char *spec)
{
	const char *expected = "error, warn, info, debug or trace, then ,TOPIC=LEVEL...";
	for (const char *p = spec ? spec : "info"; *p;) {
		size_t n = strcspn(p, ",");
		const char *eq = memchr(p, '=', n);
		const char *at = eq ? eq + 1 : p;
		char word[16];
		snprintf(word, sizeof(word), "%.*s", (int)(p + n - at), at);
		if (tc_log_level_parse(word) < 0) {
			return refuse(set, name, spec, expected);
		}
		p += n + (p[n] == ',');
	}
	return 0;
}

static void drop_empty(struct tc_config_set *set)
{
	for (size_t i = 0; i < TC_COUNT(table); i++) {
		char **text = (char **)((char *)&set->config + table[i].offset);
		if (table[i].type == TC_OPTION_STR && *text && !**text) {
			free(*text);
			*text = NULL;
		}
	}
}

int tc_config_load(struct tc_config_set *set, int *argc, char **argv)
{
	*set = (struct tc_config_set){0};
	struct tc_options *o = &set->options;
	int err = tc_options_init(o, table, TC_COUNT(table), &set->config);
	err = err ? err : tc_options_load_file(o, ".env");
	err = err ? err : tc_options_load_env(o);
	err = err ? err : tc_options_load_flags(o, argc, argv);
	if (err) {
		return err;
	}
	drop_empty(set);
	err = check_level(set, "LOG_LEVEL", set->config.log_level);
	err = err ? err : check_level(set, "ORB_LOG_LEVEL", set->config.orb_log_level);
	err = err ? err : check_urls(set);
	err = err ? err : check_patience(set);
	return err ? err : check_together(set);
}

void tc_config_finish(struct tc_config_set *set)
{
	tc_api_keys_finish(&set->config.api_keys);
	tc_options_finish(&set->options);
}

static void value_text(const struct tc_config *config, const struct tc_option *option, char *out,
		       size_t size)
{
	const char *at = (const char *)config + option->offset;
	switch (option->type) {
	case TC_OPTION_INT:
		snprintf(out, size, "%" PRId64, *(const int64_t *)(const void *)at);
		break;
	case TC_OPTION_BOOL:
		snprintf(out, size, "%s", *(const bool *)at ? "true" : "false");
		break;
	case TC_OPTION_STR:
	case TC_OPTION_ENUM:
		snprintf(out, size, "%s", *(char *const *)(const void *)at ?: "");
		break;
	}
}

int tc_config_export(const struct tc_config_set *set)
{
	/* Secrets of the server's own stay out of its children. */
	static const char *const own[] = {"API_KEYS", "TURN_SECRET", "TLS_KEY", "TLS_CERT"};
	for (size_t i = 0; i < TC_COUNT(own); i++) {
		unsetenv(own[i]);
	}
	for (size_t i = 0; i < TC_COUNT(table); i++) {
		enum tc_option_source from = set->options.source[i];
		bool ours = false;
		for (size_t k = 0; k < TC_COUNT(own); k++) {
			ours = ours || strcmp(own[k], table[i].name) == 0;
		}
		if (ours || from == TC_FROM_DEFAULT || from == TC_FROM_ENVIRONMENT) {
			continue;
		}
		char value[2048];
		value_text(&set->config, &table[i], value, sizeof(value));
		if (setenv(table[i].name, value, 1) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

void tc_config_markdown(const struct tc_config_set *set, struct tc_buf *out)
{
	tc_buf_puts(out,
		    "# Configuration\n\n"
		    "<!-- Written by `tricall config --markdown`; a test compares. -->\n\n"
		    "A flag beats the environment, which beats a `.env` file in the working "
		    "directory,\n"
		    "which beats the default. A value that does not parse stops the start and is "
		    "named.\n"
		    "`tricall config` prints what is in force and where each value came from.\n\n");
	tc_options_markdown(&set->options, out);
}
