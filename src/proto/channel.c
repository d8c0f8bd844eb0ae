// SPDX-License-Identifier: Apache-2.0
#include "proto/channel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"

/* A line buffer that grew beyond this is given back after its line. */
#define KEEP_BYTES (64u * 1024)

static const char *const type_names[] = {
	"other",     "orb_ready",         "orb_heartbeat",       "orb_error", "session_summary",
	"utterance", "shutdown_graceful", "update_participants", "restore",
};

const char *tc_channel_type_str(enum tc_channel_type type)
{
	return type_names[type];
}

/* --- lines --- */

void tc_channel_framer_init(struct tc_channel_framer *framer,
			    const struct tc_channel_events *events, void *user)
{
	*framer = (struct tc_channel_framer){.events = events, .user = user};
	tc_buf_init(&framer->half);
}

void tc_channel_framer_finish(struct tc_channel_framer *framer)
{
	tc_buf_finish(&framer->half);
	framer->skipped = 0;
}

static void drop(struct tc_channel_framer *framer, const char *why, size_t len)
{
	if (framer->events->dropped) {
		framer->events->dropped(framer->user, why, len);
	}
}

/* Node's internal messages: passing of handles, the debugger. Node never writes the prefix with
 * escapes, so it is compared as it stands. */
static bool is_node_internal(struct tc_json object)
{
	static const char prefix[] = "\"NODE_";
	struct tc_json cmd;
	return tc_json_get(object, "cmd", &cmd) && cmd.len >= sizeof(prefix) &&
	       memcmp(cmd.at, prefix, sizeof(prefix) - 1) == 0;
}

static void take_line(struct tc_channel_framer *framer, const char *line, size_t len)
{
	struct tc_json value;
	if (tc_json_parse(&value, line, len, NULL) || tc_json_type(value) != TC_JSON_OBJECT) {
		drop(framer, "no JSON object", len);
	} else if (!is_node_internal(value) && framer->events->object) {
		framer->events->object(framer->user, value);
	}
}

/* More of a line whose end has not come. */
static void keep_half(struct tc_channel_framer *framer, const char *data, size_t len)
{
	if (framer->skipped) {
		framer->skipped += len;
		return;
	}
	size_t so_far = framer->half.len + len;
	if (so_far <= TC_CHANNEL_MAX_LINE) {
		tc_buf_put(&framer->half, data, len);
	}
	if (so_far > TC_CHANNEL_MAX_LINE || framer->half.err) {
		framer->skipped = so_far;
		tc_buf_finish(&framer->half);
	}
}

static void end_line(struct tc_channel_framer *framer, const char *data, size_t len)
{
	if (framer->half.len == 0 && !framer->skipped && len <= TC_CHANNEL_MAX_LINE) {
		take_line(framer, data, len); /* whole in one read: nothing is copied */
		return;
	}
	keep_half(framer, data, len);
	if (framer->skipped) {
		bool large = framer->skipped > TC_CHANNEL_MAX_LINE;
		drop(framer, large ? "longer than 8 MiB" : "out of memory", framer->skipped);
		framer->skipped = 0;
		return;
	}
	take_line(framer, framer->half.data, framer->half.len);
	if (framer->half.cap > KEEP_BYTES) {
		tc_buf_finish(&framer->half);
	} else {
		tc_buf_reset(&framer->half);
	}
}

void tc_channel_framer_push(struct tc_channel_framer *framer, const void *data, size_t len)
{
	const char *at = data;
	const char *end = at + len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline) {
			keep_half(framer, at, (size_t)(end - at));
			return;
		}
		end_line(framer, at, (size_t)(newline - at));
		at = newline + 1;
	}
}

/* --- messages --- */

void tc_channel_metrics_init(struct tc_channel_metrics *metrics)
{
	*metrics = (struct tc_channel_metrics){
		.cpu_percent = NAN,
		.memory_mb = NAN,
		.latency_ms = NAN,
		.loss_percent = NAN,
		.jitter_ms = NAN,
		.packets_sent = -1,
		.packets_received = -1,
		.queue_depth = -1,
	};
}

/* Reads fields one after the other; the first of a wrong type sticks. null counts as absent:
 * JSON.stringify writes it for NaN. */
struct reader {
	struct tc_json object;
	const char *bad;
};

static bool get(struct reader *r, const char *key, enum tc_json_type type, struct tc_json *out)
{
	if (!tc_json_get(r->object, key, out) || tc_json_type(*out) == TC_JSON_NULL) {
		*out = (struct tc_json){0};
		return false;
	}
	if (tc_json_type(*out) != type) {
		r->bad = r->bad ? r->bad : key;
		*out = (struct tc_json){0};
		return false;
	}
	return true;
}

static void get_text(struct reader *r, const char *key, char *out, size_t size)
{
	struct tc_json v;
	out[0] = '\0';
	if (get(r, key, TC_JSON_STRING, &v) && tc_json_str(v, out, size) < 0) {
		out[0] = '\0';
		r->bad = r->bad ? r->bad : key;
	}
}

static void get_number(struct reader *r, const char *key, double *out)
{
	struct tc_json v;
	if (get(r, key, TC_JSON_NUMBER, &v) && tc_json_double(v, out)) {
		r->bad = r->bad ? r->bad : key;
	}
}

/* Date.now() and counts; a fraction (performance.now()) is cut off, as a time needs no more. */
static void get_int(struct reader *r, const char *key, int64_t *out)
{
	double v = NAN;
	get_number(r, key, &v);
	if (!isnan(v) && fabs(v) <= 9007199254740991.0) {
		*out = (int64_t)v;
	} else if (!isnan(v)) {
		r->bad = r->bad ? r->bad : key;
	}
}

static void get_bool(struct reader *r, const char *key, bool *out)
{
	struct tc_json v;
	if (get(r, key, TC_JSON_BOOL, &v)) {
		tc_json_bool(v, out);
	}
}

/* An error text is for the log: of one too long the beginning is kept. */
static void get_error(struct reader *r, struct tc_channel_message *out)
{
	struct tc_json v;
	char *text = get(r, "error", TC_JSON_STRING, &v) ? tc_json_strdup(v) : NULL;
	if (text) {
		strncpy(out->error, text, sizeof(out->error) - 1);
		free(text);
	}
	get_bool(r, "fatal", &out->fatal);
}

static void get_metrics(struct reader *r, struct tc_channel_metrics *out)
{
	struct reader inner = {.bad = r->bad};
	tc_channel_metrics_init(out);
	if (!get(r, "metrics", TC_JSON_OBJECT, &inner.object)) {
		return;
	}
	get_number(&inner, "cpu", &out->cpu_percent);
	get_number(&inner, "memory", &out->memory_mb);
	get_number(&inner, "latency", &out->latency_ms);
	get_number(&inner, "loss", &out->loss_percent);
	get_number(&inner, "jitter", &out->jitter_ms);
	get_int(&inner, "packetsSent", &out->packets_sent);
	get_int(&inner, "packetsReceived", &out->packets_received);
	get_int(&inner, "queueDepth", &out->queue_depth);
	get_bool(&inner, "speaking", &out->speaking);
	r->bad = inner.bad;
}

static enum tc_channel_type type_of(struct tc_json word)
{
	for (size_t i = TC_CHANNEL_ORB_READY; i < TC_COUNT(type_names); i++) {
		if (tc_json_str_eq(word, type_names[i])) {
			return (enum tc_channel_type)i;
		}
	}
	return TC_CHANNEL_OTHER;
}

static void get_fields(struct reader *r, struct tc_channel_message *out)
{
	switch (out->type) {
	case TC_CHANNEL_OTHER:
	case TC_CHANNEL_UTTERANCE: /* see tc_channel_utterance_parse() */
		break;
	case TC_CHANNEL_ORB_READY:
		get_text(r, "webrtcStatus", out->status, sizeof(out->status));
		get(r, "participants", TC_JSON_ARRAY, &out->participants);
		break;
	case TC_CHANNEL_ORB_HEARTBEAT:
		get_int(r, "timestamp", &out->timestamp_ms);
		get_metrics(r, &out->metrics);
		break;
	case TC_CHANNEL_ORB_ERROR:
		get_error(r, out);
		break;
	case TC_CHANNEL_SESSION_SUMMARY:
		get(r, "summary", TC_JSON_OBJECT, &out->summary);
		break;
	case TC_CHANNEL_SHUTDOWN_GRACEFUL:
		get_text(r, "reason", out->reason, sizeof(out->reason));
		break;
	case TC_CHANNEL_UPDATE_PARTICIPANTS:
		get(r, "participants", TC_JSON_ARRAY, &out->participants);
		break;
	case TC_CHANNEL_RESTORE:
		get_text(r, "mode", out->status, sizeof(out->status));
		get_int(r, "elapsed", &out->elapsed_ms);
		get(r, "utterances", TC_JSON_ARRAY, &out->utterances);
		break;
	}
}

int tc_channel_parse(struct tc_channel_message *out, struct tc_json object, const char **field)
{
	struct reader r = {.object = object};
	struct tc_json word;
	*out = (struct tc_channel_message){.json = object};
	tc_channel_metrics_init(&out->metrics);
	if (!get(&r, "type", TC_JSON_STRING, &word)) {
		r.bad = "type";
	} else {
		out->type = type_of(word);
	}
	if (!r.bad && out->type != TC_CHANNEL_OTHER) {
		get_text(&r, "roomId", out->room, sizeof(out->room));
		get_text(&r, "sessionId", out->session, sizeof(out->session));
		get_fields(&r, out);
	}
	if (r.bad && field) {
		*field = r.bad;
	}
	return r.bad ? -TC_EPARSE : 0;
}

/* *out: a heap string; NULL when absent. false: no memory. */
static bool dup_text(struct reader *r, const char *key, const char **out)
{
	struct tc_json v;
	*out = NULL;
	if (!get(r, key, TC_JSON_STRING, &v)) {
		return true;
	}
	char *text = malloc(v.len); /* unescaping only shortens */
	if (!text) {
		return false;
	}
	if (tc_json_str(v, text, v.len) < 0) { /* U+0000, which a text may not hold */
		r->bad = key;
		free(text);
		return true;
	}
	*out = text;
	return true;
}

int tc_channel_utterance_parse(struct tc_channel_utterance *out, struct tc_json object)
{
	struct reader r = {.object = object};
	*out = (struct tc_channel_utterance){0};
	bool memory = dup_text(&r, "utteranceId", &out->id) &&
		      dup_text(&r, "userId", &out->user_id) && dup_text(&r, "text", &out->text);
	get_int(&r, "startMs", &out->start_ms);
	get_int(&r, "endMs", &out->end_ms);
	if (memory && !r.bad && out->user_id && out->text) {
		return 0;
	}
	tc_channel_utterance_finish(out);
	return memory ? -TC_EPARSE : -ENOMEM;
}

void tc_channel_utterance_finish(struct tc_channel_utterance *utterance)
{
	free((char *)utterance->id);
	free((char *)utterance->user_id);
	free((char *)utterance->text);
	*utterance = (struct tc_channel_utterance){0};
}
