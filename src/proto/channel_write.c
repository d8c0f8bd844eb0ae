// SPDX-License-Identifier: Apache-2.0
#include "proto/channel.h"

#include <math.h>
#include <string.h>

static void begin(struct tc_json_writer *w, struct tc_buf *out, enum tc_channel_type type)
{
	tc_json_writer_init(w, out);
	tc_json_begin_object(w);
	tc_json_field_str(w, "type", tc_channel_type_str(type));
}

static void end(struct tc_json_writer *w)
{
	tc_json_end_object(w);
	tc_buf_put(w->buf, "\n", 1);
}

static void put_strings(struct tc_json_writer *w, const char *key, const char *const *texts,
			size_t count)
{
	tc_json_key(w, key);
	tc_json_begin_array(w);
	for (size_t i = 0; i < count; i++) {
		tc_json_put_str(w, texts[i]);
	}
	tc_json_end_array(w);
}

static void put_utterance_fields(struct tc_json_writer *w, const struct tc_channel_utterance *u)
{
	if (u->id) {
		tc_json_field_str(w, "utteranceId", u->id);
	}
	tc_json_field_str(w, "userId", u->user_id);
	tc_json_field_str(w, "text", u->text);
	tc_json_field_int(w, "startMs", u->start_ms);
	tc_json_field_int(w, "endMs", u->end_ms);
}

static void put_utterances(struct tc_json_writer *w, const char *key,
			   const struct tc_channel_utterance *utterances, size_t count)
{
	tc_json_key(w, key);
	tc_json_begin_array(w);
	for (size_t i = 0; i < count; i++) {
		tc_json_begin_object(w);
		put_utterance_fields(w, &utterances[i]);
		tc_json_end_object(w);
	}
	tc_json_end_array(w);
}

void tc_channel_put_ready(struct tc_buf *out, const char *room, const char *webrtc_status,
			  const char *const *participants, size_t count)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_ORB_READY);
	tc_json_field_str(&w, "roomId", room);
	tc_json_field_str(&w, "webrtcStatus", webrtc_status);
	put_strings(&w, "participants", participants, count);
	end(&w);
}

static void put_known(struct tc_json_writer *w, const char *key, double v)
{
	if (isfinite(v)) {
		tc_json_field_double(w, key, v);
	}
}

static void put_counted(struct tc_json_writer *w, const char *key, int64_t v)
{
	if (v >= 0) {
		tc_json_field_int(w, key, v);
	}
}

void tc_channel_put_heartbeat(struct tc_buf *out, const char *room, int64_t timestamp_ms,
			      const struct tc_channel_metrics *metrics)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_ORB_HEARTBEAT);
	tc_json_field_str(&w, "roomId", room);
	tc_json_field_int(&w, "timestamp", timestamp_ms);
	tc_json_key(&w, "metrics");
	tc_json_begin_object(&w);
	put_known(&w, "cpu", metrics->cpu_percent);
	put_known(&w, "memory", metrics->memory_mb);
	put_known(&w, "latency", metrics->latency_ms);
	put_known(&w, "chosen", metrics->chosen_ms);
	put_known(&w, "loss", metrics->loss_percent);
	put_known(&w, "jitter", metrics->jitter_ms);
	put_counted(&w, "answers", metrics->answers);
	put_counted(&w, "soundLost", metrics->sound_lost_ms);
	put_counted(&w, "packetsSent", metrics->packets_sent);
	put_counted(&w, "packetsReceived", metrics->packets_received);
	put_counted(&w, "queueDepth", metrics->queue_depth);
	tc_json_field_bool(&w, "speaking", metrics->speaking);
	tc_json_end_object(&w);
	end(&w);
}

void tc_channel_put_error(struct tc_buf *out, const char *room, const char *error, bool fatal)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_ORB_ERROR);
	tc_json_field_str(&w, "roomId", room);
	tc_json_field_str(&w, "error", error);
	tc_json_field_bool(&w, "fatal", fatal);
	end(&w);
}

void tc_channel_put_utterance(struct tc_buf *out, const char *room, const char *session,
			      const struct tc_channel_utterance *utterance)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_UTTERANCE);
	tc_json_field_str(&w, "roomId", room);
	tc_json_field_str(&w, "sessionId", session);
	put_utterance_fields(&w, utterance);
	end(&w);
}

void tc_channel_put_summary(struct tc_buf *out, const struct tc_channel_summary *summary)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_SESSION_SUMMARY);
	tc_json_field_str(&w, "roomId", summary->room);
	tc_json_field_str(&w, "sessionId", summary->session);
	tc_json_field_str(&w, "clientId", summary->client);
	tc_json_key(&w, "summary");
	tc_json_put_raw(&w, summary->summary);
	end(&w);
}

void tc_channel_put_shutdown(struct tc_buf *out, const char *reason)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_SHUTDOWN_GRACEFUL);
	tc_json_field_str(&w, "reason", reason);
	end(&w);
}

void tc_channel_put_participants(struct tc_buf *out, const char *const *ids, size_t count)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_UPDATE_PARTICIPANTS);
	put_strings(&w, "participants", ids, count);
	end(&w);
}

void tc_channel_put_restore(struct tc_buf *out, const char *mode, bool muted, int64_t elapsed_ms,
			    const struct tc_channel_utterance *utterances, size_t count)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_RESTORE);
	if (mode) {
		tc_json_field_str(&w, "mode", mode);
	}
	if (muted) {
		tc_json_field_bool(&w, "muted", true);
	}
	tc_json_field_int(&w, "elapsed", elapsed_ms);
	put_utterances(&w, "utterances", utterances, count);
	end(&w);
}

void tc_channel_put_ping(struct tc_buf *out, int64_t id)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_PING);
	tc_json_field_int(&w, "id", id);
	end(&w);
}

void tc_channel_put_pong(struct tc_buf *out, int64_t id, const int64_t busy_ms[TC_WORKERS])
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_PONG);
	tc_json_field_int(&w, "id", id);
	tc_json_key(&w, "busy");
	tc_json_begin_object(&w);
	for (int i = 0; i < TC_WORKERS; i++) {
		put_counted(&w, tc_worker_str((enum tc_worker)i), busy_ms[i]);
	}
	tc_json_end_object(&w);
	end(&w);
}

void tc_channel_put_stored(struct tc_buf *out, const char *utterance_id)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_STORED);
	if (utterance_id) {
		tc_json_field_str(&w, "utteranceId", utterance_id);
	} else {
		tc_json_field_bool(&w, "summary", true);
	}
	end(&w);
}

void tc_channel_put_shed(struct tc_buf *out, enum tc_shed level)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_SHED);
	tc_json_field_int(&w, "level", level);
	end(&w);
}

void tc_channel_put_adopt(struct tc_buf *out, const struct tc_channel_adopt *adopt)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_ADOPT);
	tc_json_field_str(&w, "roomId", adopt->room);
	tc_json_field_str(&w, "sessionId", adopt->session);
	tc_json_field_int(&w, "pid", adopt->pid);
	tc_json_field_str(&w, "coachId", adopt->coach);
	tc_json_field_str(&w, "clientId", adopt->client);
	tc_json_field_bool(&w, "test", adopt->test);
	tc_json_field_int(&w, "elapsed", adopt->elapsed_ms);
	put_strings(&w, "participants", adopt->participants, adopt->count);
	end(&w);
}

void tc_channel_put_adopted(struct tc_buf *out, const char *token)
{
	struct tc_json_writer w;
	begin(&w, out, TC_CHANNEL_ADOPTED);
	if (token) {
		tc_json_field_str(&w, "token", token);
	}
	end(&w);
}
