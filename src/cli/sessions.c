// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "store/record.h"

#define LIST_MAX 10000

static void list_text(struct tc_buf *out, const struct tc_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char started[32];
		char length[32] = "open";
		tc_record_time(calls[i].started_ms, started);
		if (calls[i].ended_ms) {
			int64_t s = (calls[i].ended_ms - calls[i].started_ms) / 1000;
			snprintf(length, sizeof(length), "%" PRId64 ":%02d", s / 60, (int)(s % 60));
		}
		tc_buf_putf(out, "%s  %s  %8s  %s\n", calls[i].id, started, length, calls[i].room);
	}
}

static void list_json(struct tc_buf *out, const struct tc_call *calls, size_t count)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_array(&w);
	for (size_t i = 0; i < count; i++) {
		tc_json_begin_object(&w);
		tc_record_put_call(&w, &calls[i]);
		tc_json_end_object(&w);
	}
	tc_json_end_array(&w);
	tc_buf_puts(out, "\n");
}

int tc_cli_session_list(const struct tc_cli *cli)
{
	struct tc_store *store = tc_cli_store(cli, true);
	if (!store) {
		return TC_EXIT_FAILED;
	}
	struct tc_call *calls = NULL;
	size_t count = 0;
	int err = tc_store_calls(store, cli->args->room, LIST_MAX, &calls, &count);
	tc_store_close(store);
	if (err) {
		return tc_cli_fail_store(cli, "cannot read the sessions", err);
	}
	if (count == 0 && !cli->args->json) {
		/* Not on stdout: there it would be taken for a session. */
		fprintf(stderr, "no sessions%s%s yet\n", cli->args->room ? " in room " : "",
			cli->args->room ? cli->args->room : "");
	}
	struct tc_buf out;
	tc_buf_init(&out);
	(cli->args->json ? list_json : list_text)(&out, calls, count);
	free(calls);
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

static int record_load(const struct tc_cli *cli, struct tc_record *record)
{
	struct tc_store *store = tc_cli_store(cli, true);
	if (!store) {
		return TC_EXIT_FAILED;
	}
	int err = tc_record_load(record, store, cli->operand);
	tc_store_close(store);
	if (err == -ENOENT) {
		return tc_cli_fail(TC_EXIT_FAILED, "session %s: there is none", cli->operand);
	}
	return err ? tc_cli_fail_store(cli, "cannot read the session", err) : TC_EXIT_OK;
}

int tc_cli_session_show(const struct tc_cli *cli)
{
	struct tc_record record;
	int exit_code = record_load(cli, &record);
	if (exit_code) {
		return exit_code;
	}
	struct tc_buf out;
	tc_buf_init(&out);
	tc_record_write_head(&out, &record, cli->args->json ? TC_RECORD_JSON : TC_RECORD_MARKDOWN);
	tc_record_finish(&record);
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

int tc_cli_session_export(const struct tc_cli *cli)
{
	struct tc_record record;
	enum tc_record_format format = TC_RECORD_JSON;
	if (!cli->args->json && tc_record_format_parse(cli->args->format, &format)) {
		format = TC_RECORD_MARKDOWN;
	}
	int exit_code = record_load(cli, &record);
	if (exit_code) {
		return exit_code;
	}
	struct tc_buf out;
	tc_buf_init(&out);
	tc_record_write(&out, &record, format);
	tc_record_finish(&record);
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}
