// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/json.h"
#include "server/needs.h"
#include "server/orbs/cgroup.h"
#include "server/paths.h"
#include "server/serve.h"

#define LOW_DISK_MB 200

int tc_cli_serve(const struct tc_cli *cli)
{
	return tc_serve(cli->set) ? TC_EXIT_FAILED : TC_EXIT_OK;
}

int tc_cli_config(const struct tc_cli *cli)
{
	struct tc_buf out;
	tc_buf_init(&out);
	if (cli->args->markdown) {
		tc_config_markdown(cli->set, &out);
	} else {
		tc_options_print(&cli->set->options, &out, cli->args->json);
	}
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

int tc_cli_version(const struct tc_cli *cli)
{
	struct tc_buf out;
	tc_buf_init(&out);
	tc_buf_puts(&out, cli->args->json ? "{\"version\":\"" TC_VERSION "\"}\n"
					  : "tricall " TC_VERSION "\n");
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

/* ---- doctor ---- */

enum verdict { FINE, ODD, BROKEN };

struct report {
	struct tc_buf out;
	struct tc_json_writer json;
	bool as_json;
	bool broken;
};

static void __attribute__((format(printf, 4, 5)))
tell(struct report *r, enum verdict verdict, const char *what, const char *fmt, ...)
{
	static const char *const words[] = {"ok", "warn", "fail"};
	char detail[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	r->broken = r->broken || verdict == BROKEN;
	if (r->as_json) {
		tc_json_begin_object(&r->json);
		tc_json_field_str(&r->json, "check", what);
		tc_json_field_str(&r->json, "verdict", words[verdict]);
		tc_json_field_str(&r->json, "detail", detail);
		tc_json_end_object(&r->json);
	} else {
		tc_buf_putf(&r->out, "%-4s  %-14s %s\n", words[verdict], what, detail);
	}
}

static void check_data(struct report *r, const struct tc_config *config)
{
	struct tc_store *store = NULL;
	char why[512];
	char path[4096];
	struct tc_store_config open = {
		.data_dir = config->data_dir, .check = true, .must_exist = true};
	snprintf(path, sizeof(path), "%s/tricall.db", config->data_dir);
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		tell(r, ODD, "database", "%s is not there yet; the first start makes it", path);
		return;
	}
	if (tc_store_open(&store, &open, why, sizeof(why))) {
		tell(r, BROKEN, "database", "%s", why);
		return;
	}
	int64_t users = 0;
	(void)tc_store_user_count(store, &users);
	tc_store_close(store);
	tell(r, users ? FINE : ODD, "database", "%s is whole, %" PRId64 " user%s", path, users,
	     users == 1 ? "" : "s");
}

static void check_disk(struct report *r, const struct tc_config *config)
{
	struct statvfs st;
	if (statvfs(config->data_dir, &st) != 0 && statvfs(".", &st) != 0) {
		tell(r, ODD, "disk", "%s: %s", config->data_dir, strerror(errno));
		return;
	}
	uint64_t mb = (uint64_t)st.f_bavail * st.f_frsize >> 20;
	tell(r, mb < LOW_DISK_MB ? ODD : FINE, "disk", "%" PRIu64 " MB free", mb);
}

static void check_port(struct report *r, const struct tc_config *config)
{
	char port[8];
	snprintf(port, sizeof(port), "%d", (int)config->port);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *address = NULL;
	int fd = -1;
	int one = 1;
	if (getaddrinfo(config->host, port, &hints, &address) == 0) {
		fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	if (fd < 0) {
		tell(r, BROKEN, "port", "HOST=%s is no address", config->host);
		freeaddrinfo(address);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0) {
		tell(r, FINE, "port", "%s:%s is free", config->host, port);
	} else {
		tell(r, ODD, "port", "%s:%s: %s (is the server running?)", config->host, port,
		     strerror(errno));
	}
	close(fd);
	freeaddrinfo(address);
}

static void check_files(struct report *r, const struct tc_config *config)
{
	char path[4096];
	if (tc_path_web(config->web_dir, path, sizeof(path)) == 0) {
		tell(r, FINE, "pages", "%s", path);
	} else {
		tell(r, BROKEN, "pages", "no web folder beside the program: set WEB_DIR");
	}
	if (!config->enable_ai_orbs) {
		tell(r, ODD, "orb", "ENABLE_AI_ORBS=false");
	} else {
		int err = tc_needs_orb(config, path, sizeof(path));
		tell(r, err ? BROKEN : FINE, "orb", "%s", path);
	}
}

/* Loaded by hand: they are the orb's (and an event-library plugin), not linked into this program.
 */
static void check_libraries(struct report *r, const struct tc_config *config)
{
	/* The first is the server's: without it nothing starts. */
	static const struct {
		const char *file, *package;
	} libraries[] = {
		{"libwebsockets-evlib_uv.so", "libwebsockets-evlib-uv"},
		{"libwebsockets-evlib_glib.so", "libwebsockets-evlib-glib"},
		{"libnice.so.10", "libnice10"},
		{"libsrtp2.so.1", "libsrtp2-1"},
		{"libopus.so.0", "libopus0"},
		{"libvpx.so.7", "libvpx7"},
	};
	char missing[256] = "";
	bool orb = config->enable_ai_orbs && !config->orb_command;
	bool broken = false;
	for (size_t i = 0; i < TC_COUNT(libraries); i++) {
		void *handle = dlopen(libraries[i].file, RTLD_LAZY | RTLD_LOCAL);
		if (!handle) {
			size_t n = strlen(missing);
			snprintf(missing + n, sizeof(missing) - n, " %s", libraries[i].package);
			broken = broken || i == 0 || orb;
		} else {
			dlclose(handle);
		}
	}
	if (missing[0]) {
		tell(r, broken ? BROKEN : ODD, "libraries", "not found (Debian's names):%s",
		     missing);
	} else {
		tell(r, FINE, "libraries", "libwebsockets plugins, libnice, srtp2, opus, vpx");
	}
}

static void check_models(struct report *r, const struct tc_config *config)
{
	char why[512];
	if (tc_needs_speech(config, why, sizeof(why)) == 0) {
		tell(r, FINE, "speech", "the English model is there");
	} else if (!config->enable_ai_orbs || config->orb_command) {
		tell(r, ODD, "speech", "%s (only our own orbs need it)", why);
	} else {
		tell(r, BROKEN, "speech", "%s", why);
	}
}

static void check_settings(struct report *r, const struct tc_config *config)
{
	struct tc_buf unused;
	tc_buf_init(&unused);
	tc_needs_unused(config, &unused);
	if (unused.len) {
		tell(r, ODD, "settings", "set, but not used yet: %s", tc_buf_str(&unused));
	}
	tc_buf_finish(&unused);
}

/* A STUN binding request (RFC 8489 section 5) must be answered by any TURN server. */
static bool stun_answers(const char *url)
{
	char host[256];
	const char *at = strchr(url, ':') + 1;
	size_t n = strcspn(at, "?,");
	snprintf(host, sizeof(host), "%.*s", (int)n, at);
	char *colon = strrchr(host, ':');
	const char *port = "3478";
	if (colon && !strchr(colon, ']')) {
		*colon = '\0';
		port = colon + 1;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct addrinfo *address = NULL;
	if (getaddrinfo(host, port, &hints, &address) != 0) {
		return false;
	}
	unsigned char request[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	unsigned char answer[64];
	tc_random_bytes(request + 8, 12);
	int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = false;
	if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0 &&
	    send(fd, request, sizeof(request), 0) == (ssize_t)sizeof(request)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ok = poll(&p, 1, 2000) == 1 && recv(fd, answer, sizeof(answer), 0) >= 20 &&
		     memcmp(answer + 4, request + 4, 16) == 0;
	}
	if (fd >= 0) {
		close(fd);
	}
	freeaddrinfo(address);
	return ok;
}

static void check_turn(struct report *r, const struct tc_config *config)
{
	if (!config->turn_urls) {
		tell(r, ODD, "turn",
		     "TURN_URLS is not set: people behind strict networks cannot join");
		return;
	}
	size_t n = strcspn(config->turn_urls, ",");
	if (stun_answers(config->turn_urls)) {
		tell(r, FINE, "turn", "%.*s answers", (int)n, config->turn_urls);
	} else {
		tell(r, BROKEN, "turn", "%.*s does not answer over UDP", (int)n, config->turn_urls);
	}
}

static void check_limits(struct report *r, const struct tc_config *config)
{
	char why[256] = "ORB_CGROUPS=false";
	const struct tc_cgroup_config cgroup = {0};
	if (config->orb_cgroups && tc_cgroups_check(&cgroup, why, sizeof(why)) == 0) {
		tell(r, FINE, "limits", "of orbs: control groups and sampling");
	} else {
		tell(r, FINE, "limits", "of orbs: by sampling (%s)", why);
	}
}

int tc_cli_doctor(const struct tc_cli *cli)
{
	const struct tc_config *config = &cli->set->config;
	struct report r = {.as_json = cli->args->json};
	tc_buf_init(&r.out);
	tc_json_writer_init(&r.json, &r.out);
	if (r.as_json) {
		tc_json_begin_array(&r.json);
	}
	check_libraries(&r, config);
	check_models(&r, config);
	check_settings(&r, config);
	check_files(&r, config);
	check_data(&r, config);
	check_disk(&r, config);
	check_port(&r, config);
	check_turn(&r, config);
	check_limits(&r, config);
	if (r.as_json) {
		tc_json_end_array(&r.json);
		tc_buf_puts(&r.out, "\n");
	}
	return tc_cli_print(&r.out) && !r.broken ? TC_EXIT_OK : TC_EXIT_FAILED;
}
