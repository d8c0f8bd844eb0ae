// SPDX-License-Identifier: Apache-2.0
/* What was said in a session and what came of it: its coach's to read, or an admin's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/err.h"
#include "server/http_site.h"
#include "store/record.h"

struct reading {
	struct tc_site *site;            /* borrowed, outlives us */
	struct tc_http_request *request; /* answered at the end */
	uv_work_t work;
	char id[TC_ID_SIZE];
	enum tc_record_format format;
	/* written on the pool */
	int err;
	struct tc_buf text;
};

/* On the thread pool: a session may be long. */
static void read_record(uv_work_t *work)
{
	struct reading *reading = work->data;
	struct tc_record record;
	tc_buf_init(&reading->text);
	reading->err = tc_record_load(&record, reading->site->config.work, reading->id);
	if (!reading->err) {
		tc_record_write(&reading->text, &record, reading->format);
		reading->err = reading->text.err;
		tc_record_finish(&record);
	}
}

static void on_read(uv_work_t *work, int status)
{
	static const struct {
		const char *type, *extension;
	} formats[] = {
		[TC_RECORD_JSON] = {"application/json", NULL},
		[TC_RECORD_MARKDOWN] = {"text/markdown; charset=utf-8", "md"},
		[TC_RECORD_VTT] = {"text/vtt; charset=utf-8", "vtt"},
	};
	struct reading *reading = work->data;
	struct tc_http_request *r = reading->request;
	const char *extension = formats[reading->format].extension;
	char name[TC_ID_SIZE + 64];
	if (status || reading->err) {
		tc_site_problem(r, 503, tc_err_str(status ? -EIO : reading->err));
	} else {
		if (extension) {
			snprintf(name, sizeof(name), "attachment; filename=\"session-%s.%s\"",
				 reading->id, extension);
			tc_http_put_header(r, "content-disposition", name);
		}
		tc_http_put_header(r, "cache-control", "no-store");
		tc_http_answer(r, 200, formats[reading->format].type, reading->text.data,
			       reading->text.len);
	}
	tc_buf_finish(&reading->text);
	free(reading);
}

/* 0, or the status of the refusal. A session is its coach's: who coaches in the room today may be
 * another. */
static int may_read(struct tc_site *site, const struct tc_http_request *r, const char *id,
		    const char **why)
{
	struct tc_access access;
	struct tc_call call;
	*why = "there is no such session";
	int err = tc_store_call(site->config.reads, id, &call);
	if (err && err != -ENOENT) {
		*why = tc_err_str(err);
		return 503;
	}
	if (err) {
		char anybody[TC_ID_SIZE];
		bool known = tc_site_someone(site, r, anybody);
		*why = known ? *why : "not signed in";
		return known ? 404 : 401;
	}
	int status = tc_site_enter(site, r, call.room, &access, why);
	if (status) {
		return status;
	}
	bool coach = access.role == TC_ROLE_COACH && strcmp(access.user_id, call.coach) == 0;
	*why = "only the session's coach reads it";
	return coach || access.role == TC_ROLE_ADMIN ? 0 : 403;
}

void tc_api_session(struct tc_site *site, struct tc_http_request *r, const char *id)
{
	const char *why = "";
	const char *word = tc_http_arg(r, "format");
	enum tc_record_format format = TC_RECORD_JSON;
	int status = may_read(site, r, id, &why);
	if (status) {
		tc_site_problem(r, status, why);
		return;
	}
	if (word && tc_record_format_parse(word, &format)) {
		tc_site_problem(r, 400, "format must be json, md or vtt");
		return;
	}
	struct reading *reading = calloc(1, sizeof(*reading));
	if (!reading) {
		tc_site_problem(r, 503, "out of memory");
		return;
	}
	*reading = (struct reading){.site = site, .request = r, .format = format};
	snprintf(reading->id, sizeof(reading->id), "%s", id);
	reading->work.data = reading;
	if (uv_queue_work(site->config.loop, &reading->work, read_record, on_read)) {
		free(reading);
		tc_site_problem(r, 503, tc_err_str(-EIO));
	}
}
