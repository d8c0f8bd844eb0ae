// SPDX-License-Identifier: Apache-2.0
/* What is asked of the server that runs: over its own socket in the data folder. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/cli.h"
#include "server/control/control.h"

#define ANSWER_S   10
#define ANSWER_MAX (4 * 1024 * 1024)
#define POLL_MS    500

/* -ECONNREFUSED, -ENOENT: no server runs there. */
static int dial(const struct tc_cli *cli)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/" TC_CONTROL_SOCKET,
			 cli->set->config.data_dir);
	if (n < 0 || (size_t)n >= sizeof(at.sun_path)) {
		return -ENAMETOOLONG;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	struct timeval patience = {.tv_sec = ANSWER_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* One line of JSON into `out`. */
static int ask(const struct tc_cli *cli, const char *request, struct tc_buf *out)
{
	char line[128], chunk[4096];
	int fd = dial(cli);
	if (fd < 0) {
		return fd;
	}
	int n = snprintf(line, sizeof(line), "{\"type\":\"%s\"}\n", request);
	int err = send(fd, line, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EPIPE;
	tc_buf_reset(out);
	while (!err && !memchr(out->data ? out->data : "", '\n', out->len)) {
		ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
		if (got <= 0) {
			err = got < 0 ? -errno : -ECONNRESET;
		} else if (out->len + (size_t)got > ANSWER_MAX) {
			err = -EMSGSIZE;
		} else {
			tc_buf_put(out, chunk, (size_t)got);
			err = out->err;
		}
	}
	close(fd);
	return err;
}

static int fail(const struct tc_cli *cli, int err)
{
	const char *dir = cli->set->config.data_dir;
	if (err == -ENOENT || err == -ECONNREFUSED) {
		return tc_cli_fail(TC_EXIT_FAILED, "no server runs with the data folder %s", dir);
	}
	return tc_cli_fail(TC_EXIT_FAILED, "the server of %s does not answer: %s", dir,
			   err == -EAGAIN ? "too late" : tc_err_str(err));
}

/* ---- orbs ---- */

static void put_orb(struct tc_buf *out, struct tc_json orb)
{
	char room[TC_ID_SIZE] = "", session[TC_ID_SIZE] = "", state[32] = "";
	int64_t pid = 0, uptime_ms = 0;
	double cpu = 0, memory = 0, latency = 0;
	struct tc_json v;
	tc_json_get_str(orb, "room", room, sizeof(room));
	tc_json_get_str(orb, "session", session, sizeof(session));
	tc_json_get_str(orb, "state", state, sizeof(state));
	tc_json_get_int(orb, "pid", &pid);
	tc_json_get_int(orb, "uptimeMs", &uptime_ms);
	(void)(tc_json_get(orb, "cpuPercent", &v) && tc_json_double(v, &cpu));
	(void)(tc_json_get(orb, "memoryMb", &v) && tc_json_double(v, &memory));
	(void)(tc_json_get(orb, "latencyMs", &v) && tc_json_double(v, &latency));
	tc_buf_putf(out, "%-24s %-12s %7" PRId64 " %6" PRId64 " s %5.1f %% %6.0f MB %6.0f ms  %s\n",
		    room, state, pid, uptime_ms / 1000, cpu, memory, latency, session);
}

int tc_cli_orbs(const struct tc_cli *cli)
{
	struct tc_buf reply, out;
	struct tc_json list;
	tc_buf_init(&reply);
	tc_buf_init(&out);
	int err = ask(cli, "orbs", &reply);
	if (!err && tc_json_parse(&list, reply.data, reply.len, NULL)) {
		err = -TC_EPARSE;
	}
	if (err) {
		tc_buf_finish(&reply);
		return fail(cli, err);
	}
	if (cli->args->json) {
		tc_buf_put(&out, reply.data, reply.len);
	} else {
		struct tc_json_iter it = tc_json_iter(list);
		int count = 0;
		while (tc_json_next(&it)) {
			if (count++ == 0) {
				tc_buf_putf(&out, "%-24s %-12s %7s %8s %7s %9s %9s  %s\n", "room",
					    "state", "pid", "up", "CPU", "memory", "answers",
					    "session");
			}
			put_orb(&out, it.value);
		}
		if (count == 0) {
			fprintf(stderr, "no orbs\n");
		}
	}
	bool ok = tc_cli_print(&out);
	tc_buf_finish(&reply);
	return ok ? TC_EXIT_OK : TC_EXIT_FAILED;
}

/* ---- drain ---- */

static void put_status(struct tc_buf *out, const char *reply, size_t len)
{
	struct tc_json status;
	int64_t rooms = 0, people = 0, left_ms = 0;
	if (tc_json_parse(&status, reply, len, NULL) == 0) {
		tc_json_get_int(status, "rooms", &rooms);
		tc_json_get_int(status, "people", &people);
		tc_json_get_int(status, "leftMs", &left_ms);
	}
	tc_buf_putf(out,
		    "draining: %" PRId64 " people in %" PRId64 " rooms may go on for %" PRId64
		    " s; `tricall drain --wait` waits for the end\n",
		    people, rooms, left_ms / 1000);
}

/* Until nobody answers any more. */
static int wait_for_end(const struct tc_cli *cli, struct tc_buf *reply)
{
	int err = 0;
	while (!err) {
		nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
		err = ask(cli, "status", reply);
	}
	return err == -ENOENT || err == -ECONNREFUSED || err == -ECONNRESET ? 0 : err;
}

int tc_cli_drain(const struct tc_cli *cli)
{
	struct tc_buf reply, out;
	tc_buf_init(&reply);
	tc_buf_init(&out);
	int err = ask(cli, "drain", &reply);
	if (!err && cli->args->wait) {
		err = wait_for_end(cli, &reply);
		tc_buf_puts(&out,
			    cli->args->json ? "{\"ended\":true}\n" : "the server has ended\n");
	} else if (!err && cli->args->json) {
		tc_buf_put(&out, reply.data, reply.len);
	} else if (!err) {
		put_status(&out, reply.data, reply.len);
	}
	tc_buf_finish(&reply);
	if (err) {
		tc_buf_finish(&out);
		return fail(cli, err);
	}
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}
