// SPDX-License-Identifier: Apache-2.0
#include "proto/channel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"

static const char *const type_names[] = {
	"other",
	"orb_ready",
	"orb_heartbeat",
	"orb_error",
	"session_summary",
	"utterance",
	"pong",
	"adopt",
	"shutdown_graceful",
	"update_participants",
	"restore",
	"ping",
	"stored",
	"shed",
	"adopted",
};

const char *tc_channel_type_str(enum tc_channel_type type)
{
	return type_names[type];
}

void tc_channel_metrics_init(struct tc_channel_metrics *metrics)
{
	*metrics = (struct tc_channel_metrics){
		.cpu_percent = NAN,
		.memory_mb = NAN,
		.latency_ms = NAN,
		.chosen_ms = NAN,
		.loss_percent = NAN,
		.jitter_ms = NAN,
		.answers = -1,
		.sound_lost_ms = -1,
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
	get_number(&inner, "chosen", &out->chosen_ms);
	get_number(&inner, "loss", &out->loss_percent);
	get_number(&inner, "jitter", &out->jitter_ms);
	get_int(&inner, "answers", &out->answers);
	get_int(&inner, "soundLost", &out->sound_lost_ms);
	get_int(&inner, "packetsSent", &out->packets_sent);
	get_int(&inner, "packetsReceived", &out->packets_received);
	get_int(&inner, "queueDepth", &out->queue_depth);
	get_bool(&inner, "speaking", &out->speaking);
	r->bad = inner.bad;
}

static const char *const worker_names[TC_WORKERS] = {"audio", "video", "recognizer", "voice"};

const char *tc_worker_str(enum tc_worker worker)
{
	return worker_names[worker];
}

static void get_workers(struct reader *r, struct tc_channel_message *out)
{
	struct reader inner = {.bad = r->bad};
	for (size_t i = 0; i < TC_WORKERS; i++) {
		out->busy_ms[i] = -1;
	}
	if (!get(r, "busy", TC_JSON_OBJECT, &inner.object)) {
		return;
	}
	for (size_t i = 0; i < TC_WORKERS; i++) {
		get_int(&inner, worker_names[i], &out->busy_ms[i]);
	}
	r->bad = inner.bad;
}

static void get_adopt(struct reader *r, struct tc_channel_message *out)
{
	get_int(r, "pid", &out->pid);
	get_text(r, "coachId", out->coach, sizeof(out->coach));
	get_text(r, "clientId", out->client, sizeof(out->client));
	get_bool(r, "test", &out->test);
	get_int(r, "elapsed", &out->elapsed_ms);
	get(r, "participants", TC_JSON_ARRAY, &out->participants);
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
	case TC_CHANNEL_PING:
		get_int(r, "id", &out->ping);
		break;
	case TC_CHANNEL_PONG:
		get_int(r, "id", &out->ping);
		get_workers(r, out);
		break;
	case TC_CHANNEL_STORED:
		get_text(r, "utteranceId", out->utterance, sizeof(out->utterance));
		get_bool(r, "summary", &out->summary_stored);
		break;
	case TC_CHANNEL_SHED:
		get_int(r, "level", &out->shed);
		break;
	case TC_CHANNEL_ADOPT:
		get_adopt(r, out);
		break;
	case TC_CHANNEL_ADOPTED:
		get(r, "token", TC_JSON_STRING, &out->token);
		break;
	case TC_CHANNEL_SHUTDOWN_GRACEFUL:
		get_text(r, "reason", out->reason, sizeof(out->reason));
		break;
	case TC_CHANNEL_UPDATE_PARTICIPANTS:
		get(r, "participants", TC_JSON_ARRAY, &out->participants);
		break;
	case TC_CHANNEL_RESTORE:
		get_text(r, "mode", out->status, sizeof(out->status));
		get_bool(r, "muted", &out->muted);
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
