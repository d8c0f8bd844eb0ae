// SPDX-License-Identifier: Apache-2.0
#include "proto/signal.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

static const struct {
	const char *text;
	size_t len;
} types[] = {{"other", 0},
#define X(name, text) {text, sizeof(text) - 1},
	     TC_SIGNAL_TYPES(X)
#undef X
};

#define TYPE_COUNT ((int)(sizeof(types) / sizeof(types[0])))

const char *tc_signal_type_str(enum tc_signal_type type)
{
	return types[type].text;
}

static enum tc_signal_type type_of(struct tc_json value)
{
	bool plain = !memchr(value.at, '\\', value.len);
	for (int i = TC_SIGNAL_OTHER + 1; i < TYPE_COUNT; i++) {
		bool same = plain ? value.len == types[i].len + 2 &&
					    memcmp(value.at + 1, types[i].text, types[i].len) == 0
				  : tc_json_str_eq(value, types[i].text);
		if (same) {
			return (enum tc_signal_type)i;
		}
	}
	return TC_SIGNAL_OTHER;
}

/* The key as people write it, or its escaped spelling. */
static bool key_is(struct tc_json key, const char *name, size_t len)
{
	if (key.len == len + 2) {
		return memcmp(key.at + 1, name, len) == 0;
	}
	return key.len > len + 2 && memchr(key.at, '\\', key.len) && tc_json_str_eq(key, name);
}
#define KEY_IS(key, name) key_is(key, name, sizeof(name) - 1)

/* As `data.toId || data.targetId` in the guide's server: null and "" are no target. */
static bool is_target(struct tc_json value)
{
	return tc_json_type(value) != TC_JSON_NULL && !tc_json_str_eq(value, "");
}

int tc_signal_parse(struct tc_signal *out, const char *text, size_t len)
{
	*out = (struct tc_signal){0};
	if (tc_json_parse(&out->object, text, len, NULL) ||
	    tc_json_type(out->object) != TC_JSON_OBJECT) {
		return -TC_EPARSE;
	}
	struct tc_json to = {0};
	struct tc_json legacy = {0};
	for (struct tc_json_iter it = tc_json_iter(out->object); tc_json_next(&it);) {
		if (KEY_IS(it.key, "type")) {
			out->type_value = it.value;
		} else if (KEY_IS(it.key, "toId")) {
			to = it.value;
		} else if (KEY_IS(it.key, "targetId")) {
			legacy = it.value;
		} else if (KEY_IS(it.key, "fromId")) {
			out->from = it.value;
		}
	}
	if (tc_json_type(out->type_value) != TC_JSON_STRING) {
		out->type_value = (struct tc_json){0};
		return -TC_EPARSE;
	}
	out->type = type_of(out->type_value);
	if (to.at && is_target(to)) {
		out->to = to;
	} else if (legacy.at && is_target(legacy)) {
		out->to = legacy;
	}
	return out->to.at && tc_json_type(out->to) != TC_JSON_STRING ? -TC_EPARSE : 0;
}

static bool has(const struct tc_signal *signal, const char *key, enum tc_json_type type)
{
	struct tc_json value;
	return tc_json_get(signal->object, key, &value) && tc_json_type(value) == type;
}

static bool one_of(const struct tc_signal *signal, const char *key, const char *const *words)
{
	struct tc_json value;
	tc_json_get(signal->object, key, &value);
	for (; *words; words++) {
		if (tc_json_str_eq(value, *words)) {
			return true;
		}
	}
	return false;
}

static bool has_id(const struct tc_signal *signal, const char *key)
{
	char id[TC_ID_SIZE];
	return tc_json_get_str(signal->object, key, id, sizeof(id)) >= 0 && tc_id_valid(id);
}

static bool has_time(const struct tc_signal *signal, const char *key)
{
	int64_t ms;
	return tc_json_get_int(signal->object, key, &ms) == 0 && ms >= 0;
}

/* As strict as the page: what it would drop must not be stored as if it had been shown. */
static const char *check_transcript(const struct tc_signal *signal)
{
	if (!has_id(signal, "utteranceId") || !has_id(signal, "userId")) {
		return "transcript: utteranceId and userId must be ids";
	}
	if (!has(signal, "text", TC_JSON_STRING) || !has(signal, "final", TC_JSON_BOOL)) {
		return "transcript: text and final are needed";
	}
	if (!has_time(signal, "startMs") || !has_time(signal, "endMs")) {
		return "transcript: startMs and endMs must be whole milliseconds, 0 or more";
	}
	return NULL;
}

/* What the orb could not take whole would be dropped there, and nobody told. */
static bool has_words(const struct tc_signal *signal)
{
	char words[TC_SIGNAL_SAY_SIZE];
	return tc_json_get_str(signal->object, "value", words, sizeof(words)) > 0;
}

static const char *check_control(const struct tc_signal *signal)
{
	static const char *const actions[] = {"mode", "mute",  "unmute", "say",
					      "stop", "leave", NULL};
	static const char *const mode[] = {"mode", NULL};
	static const char *const say[] = {"say", NULL};
	static const char *const modes[] = {"active", "on-call", "silent", NULL};
	if (!one_of(signal, "action", actions)) {
		return "orb-control: action must be mode, mute, unmute, say, stop or leave";
	}
	if (one_of(signal, "action", mode) && !one_of(signal, "value", modes)) {
		return "orb-control: value of mode must be active, on-call or silent";
	}
	if (one_of(signal, "action", say) && !has_words(signal)) {
		return "orb-control: value of say must be a text of 1 to 2047 bytes";
	}
	return NULL;
}

const char *tc_signal_check(const struct tc_signal *signal)
{
	static const char *const statuses[] = {"ready", "speaking", "listening", "processing",
					       NULL};
	switch (signal->type) {
	case TC_SIGNAL_AI_STATUS:
		return one_of(signal, "status", statuses) ? NULL
							  : "ai_status: status must be ready, "
							    "speaking, listening or processing";
	case TC_SIGNAL_TRANSCRIPT:
		return check_transcript(signal);
	case TC_SIGNAL_SUGGESTION:
		return has(signal, "text", TC_JSON_STRING) ? NULL : "suggestion: text is needed";
	case TC_SIGNAL_ORB_CONTROL:
		return check_control(signal);
	case TC_SIGNAL_JOIN:
	case TC_SIGNAL_OFFER:
	case TC_SIGNAL_ANSWER:
	case TC_SIGNAL_ICE_CANDIDATE:
	case TC_SIGNAL_RENEGOTIATE:
	case TC_SIGNAL_LEAVE:
	case TC_SIGNAL_PING:
	case TC_SIGNAL_PONG:
		return NULL;
	case TC_SIGNAL_OTHER:
	case TC_SIGNAL_PEER_DISCOVERY:
	case TC_SIGNAL_USER_JOINED:
	case TC_SIGNAL_USER_LEFT:
	case TC_SIGNAL_ORB_STATE:
	case TC_SIGNAL_SESSION_ENDED:
	case TC_SIGNAL_ERROR:
		break;
	}
	return "unknown type";
}

/* "" when the member is absent or null; -EINVAL when it is there and no id. */
static int optional_id(struct tc_json object, const char *key, char out[TC_ID_SIZE])
{
	struct tc_json value;
	out[0] = '\0';
	if (!tc_json_get(object, key, &value) || tc_json_type(value) == TC_JSON_NULL) {
		return 0;
	}
	return tc_json_str(value, out, TC_ID_SIZE) >= 0 && tc_id_valid(out) ? 0 : -EINVAL;
}

static int optional_name(struct tc_json object, char out[TC_SIGNAL_NAME_SIZE])
{
	struct tc_json value;
	out[0] = '\0';
	if (!tc_json_get(object, "userName", &value) || tc_json_type(value) == TC_JSON_NULL) {
		return 0;
	}
	return tc_json_str(value, out, TC_SIGNAL_NAME_SIZE) >= 0 ? 0 : -EINVAL;
}

static int read_role(struct tc_json object, enum tc_role *out)
{
	char word[16];
	*out = TC_ROLE_NONE;
	int len = tc_json_get_str(object, "userRole", word, sizeof(word));
	if (len == -ENOENT) {
		return 0;
	}
	*out = len >= 0 ? tc_role_parse(word) : TC_ROLE_NONE;
	return *out ? 0 : -EINVAL;
}

static int read_participant(struct tc_json object, bool *present, bool *ai)
{
	struct tc_json value;
	*present = tc_json_get(object, "participantType", &value);
	*ai = *present && tc_json_str_eq(value, "ai");
	return !*present || *ai || tc_json_str_eq(value, "human") ? 0 : -EINVAL;
}

/* A field that could not be read: a text is an identity that nobody has, anything else is an error.
 */
static int not_read(const struct tc_signal *signal, const char *key, struct tc_signal_join *out)
{
	struct tc_json value;
	if (!tc_json_get(signal->object, key, &value) || tc_json_type(value) != TC_JSON_STRING) {
		return -EINVAL;
	}
	out->impossible = key;
	return 0;
}

int tc_signal_read_join(const struct tc_signal *signal, struct tc_signal_join *out)
{
	struct tc_json object = signal->object;
	*out = (struct tc_signal_join){0};
	if ((optional_id(object, "roomId", out->room) && not_read(signal, "roomId", out)) ||
	    (optional_id(object, "userId", out->user_id) && not_read(signal, "userId", out)) ||
	    optional_name(object, out->user_name) ||
	    (read_role(object, &out->role) && not_read(signal, "userRole", out)) ||
	    (read_participant(object, &out->has_participant, &out->ai) &&
	     not_read(signal, "participantType", out))) {
		return -EINVAL;
	}
	struct tc_json resume;
	return tc_json_get(signal->object, "resume", &resume) && tc_json_bool(resume, &out->resume)
		       ? -EINVAL
		       : 0;
}

size_t tc_signal_prefix(char out[TC_SIGNAL_PREFIX_SIZE], const char *from)
{
	static const char head[] = "{\"fromId\":\"", tail[] = "\",";
	size_t len = strnlen(from, TC_ID_MAX);
	memcpy(out, head, sizeof(head) - 1);
	memcpy(out + sizeof(head) - 1, from, len); /* an id needs no escapes */
	memcpy(out + sizeof(head) - 1 + len, tail, sizeof(tail));
	return sizeof(head) - 1 + len + sizeof(tail) - 1;
}

/* All members but the sender's `fromId`s, with the closing brace. */
static int cut_from(const struct tc_signal *signal, struct tc_buf *scratch)
{
	size_t kept = 0;
	for (struct tc_json_iter it = tc_json_iter(signal->object); tc_json_next(&it);) {
		if (KEY_IS(it.key, "fromId")) {
			continue;
		}
		tc_buf_put(scratch, ",", kept++ ? 1 : 0);
		tc_buf_put(scratch, it.key.at, it.key.len);
		tc_buf_put(scratch, ":", 1);
		tc_buf_put(scratch, it.value.at, it.value.len);
	}
	tc_buf_put(scratch, "}", 1);
	return scratch->err;
}

int tc_signal_relay(const struct tc_signal *signal, const char *prefix, size_t prefix_len,
		    struct tc_buf *scratch, struct tc_signal_piece out[2])
{
	out[0] = prefix ? (struct tc_signal_piece){prefix, prefix_len}
			: (struct tc_signal_piece){"{", 1};
	/* Never empty: `type` is in it, so the comma of the prefix has its member. */
	out[1] = (struct tc_signal_piece){signal->object.at + 1, signal->object.len - 1};
	if (signal->from.at) {
		if (cut_from(signal, scratch)) {
			return scratch->err;
		}
		out[1] = (struct tc_signal_piece){scratch->data, scratch->len};
	}
	return 2;
}

bool tc_signal_offers(const char *self_id, bool self_ai, const char *other_id, bool other_ai)
{
	if (self_ai) {
		return false;
	}
	return other_ai || strcmp(self_id, other_id) < 0;
}

/* --- the reader's side of what the server sends --- */

int tc_signal_read_peer(struct tc_json object, struct tc_signal_peer *out)
{
	*out = (struct tc_signal_peer){0};
	if (optional_id(object, "userId", out->user_id) || !out->user_id[0]) {
		return -EINVAL;
	}
	/* A name or role we can't read takes nobody out of the room. */
	if (optional_name(object, out->user_name)) {
		out->user_name[0] = '\0';
	}
	read_role(object, &out->role);
	bool present;
	read_participant(object, &present, &out->ai);
	tc_json_get_bool(object, "shouldCreateOffer", &out->should_create_offer);
	return 0;
}

struct tc_json_iter tc_signal_peers(const struct tc_signal *signal)
{
	struct tc_json peers;
	tc_json_get(signal->object, "peers", &peers);
	return tc_json_iter(tc_json_type(peers) == TC_JSON_ARRAY ? peers : (struct tc_json){0});
}

int tc_signal_read_from(const struct tc_signal *signal, char out[TC_ID_SIZE])
{
	return signal->from.at && tc_json_str(signal->from, out, TC_ID_SIZE) > 0 && tc_id_valid(out)
		       ? 0
		       : -EINVAL;
}

char *tc_signal_sdp_dup(const struct tc_signal *signal)
{
	struct tc_json value;
	if (!tc_json_get(signal->object, types[signal->type].text, &value)) {
		return NULL;
	}
	if (tc_json_type(value) == TC_JSON_OBJECT) {
		tc_json_get(value, "sdp", &value);
	}
	return tc_json_strdup(value);
}

int tc_signal_read_candidate(const struct tc_signal *signal, struct tc_signal_candidate *out)
{
	struct tc_json value;
	*out = (struct tc_signal_candidate){.mline = -1};
	if (!tc_json_get(signal->object, "candidate", &value)) {
		return -EINVAL;
	}
	if (tc_json_type(value) == TC_JSON_NULL) {
		return 0;
	}
	if (tc_json_type(value) == TC_JSON_STRING) { /* the bare line, its section beside it */
		int len = tc_json_str(value, out->line, sizeof(out->line));
		value = signal->object;
		if (len < 0) {
			return -EINVAL;
		}
	} else {
		int len = tc_json_get_str(value, "candidate", out->line, sizeof(out->line));
		if (len < 0 && len != -ENOENT) {
			return -EINVAL;
		}
	}
	int64_t mline;
	if (tc_json_get_str(value, "sdpMid", out->mid, sizeof(out->mid)) < 0) {
		out->mid[0] = '\0';
	}
	if (tc_json_get_int(value, "sdpMLineIndex", &mline) == 0 && mline >= 0 && mline < 1000) {
		out->mline = (int)mline;
	}
	return 0;
}

int tc_signal_read_control(const struct tc_signal *signal, struct tc_signal_control *out)
{
	*out = (struct tc_signal_control){0};
	if (check_control(signal)) {
		return -EINVAL;
	}
	tc_json_get_str(signal->object, "action", out->action, sizeof(out->action));
	struct tc_json value;
	if (tc_json_get(signal->object, "value", &value) && tc_json_type(value) == TC_JSON_STRING) {
		return tc_json_str(value, out->value, sizeof(out->value)) < 0 ? -EINVAL : 0;
	}
	return 0;
}
