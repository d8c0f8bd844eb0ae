// SPDX-License-Identifier: Apache-2.0
#include "rooms_rig.h"

static size_t on_send(void *conn, const struct tc_signal_piece *pieces, int count)
{
	struct peer *peer = conn;
	struct tc_buf buf;
	tc_buf_init(&buf);
	for (int i = 0; i < count; i++) {
		tc_buf_put(&buf, pieces[i].data, pieces[i].len);
	}
	assert_int_equal(peer->close_code, 0); /* nothing after close */
	if (buf.err) {
		tc_buf_finish(&buf);
		return SIZE_MAX;
	}
	assert_true(peer->count < INBOX);
	char *text = tc_buf_take_str(&buf);
	if (!text) {
		return SIZE_MAX;
	}
	peer->inbox[peer->count++] = text;
	return peer->waiting;
}

static void on_ping(void *conn)
{
	struct peer *peer = conn;
	peer->pings++;
}

static void on_close(void *conn, int code, const char *reason, bool flush)
{
	struct peer *peer = conn;
	assert_int_equal(peer->close_code, 0);
	peer->close_code = code;
	peer->flushed = flush;
}

const struct tc_rooms_sink rooms_sink = {on_send, on_ping, on_close};

static void note(struct world *world, const char *what, const char *room,
		 const struct tc_room_person *who, int humans, const char *reason)
{
	assert_true(world->event_count < 16);
	snprintf(world->events[world->event_count++].what, 300, "%s %s %s %s %d %s", what, room,
		 tc_role_str(who->role), who->user_id, humans, reason);
}

static void on_joined(void *user, const char *room, const struct tc_room_person *who, int humans)
{
	note(user, "joined", room, who, humans, "-");
}

static void on_left(void *user, const char *room, const struct tc_room_person *who, int humans,
		    const char *reason)
{
	note(user, "left", room, who, humans, reason);
}

static void on_back(void *user, const char *room, const struct tc_room_person *who)
{
	note(user, "back", room, who, 0, "-");
}

static bool on_transcript(void *user, const char *room, const char *json, size_t len)
{
	struct world *world = user;
	snprintf(world->events[world->event_count++].what, 300, "final %s %.*s", room, (int)len,
		 json);
	return world->holds_back;
}

const struct tc_rooms_events rooms_events = {
	.joined = on_joined, .left = on_left, .back = on_back, .transcript = on_transcript};

int rooms_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	tc_fake_clock_init(&world->clock, 1000000);
	struct tc_rooms_config config = {.clock = &world->clock.clock};
	assert_int_equal(tc_rooms_create(&world->rooms, &config, &rooms_sink, &rooms_events, world),
			 0);
	*state = world;
	return 0;
}

void rooms_detach(struct peer *peer)
{
	tc_rooms_detach(peer->conn);
	for (int i = 0; i < peer->count; i++) {
		free(peer->inbox[i]);
	}
	*peer = (struct peer){0};
}

int rooms_teardown(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 12; i++) {
		rooms_detach(&world->peers[i]);
	}
	tc_rooms_destroy(world->rooms);
	free(world);
	return 0;
}

void rooms_pass(struct world *world, int64_t ms)
{
	for (; ms > 0; ms -= 250) {
		tc_fake_clock_advance_ms(&world->clock, ms < 250 ? ms : 250);
		tc_rooms_tick(world->rooms);
	}
}

struct peer *rooms_attach_as(struct world *world, int i, const char *id, enum tc_role role,
			     bool free_id)
{
	struct tc_access access = {.role = role, .free_id = free_id};
	snprintf(access.user_id, sizeof(access.user_id), "%s", free_id ? "" : id);
	snprintf(access.user_name, sizeof(access.user_name), "Name of %s", id);
	struct peer *peer = &world->peers[i];
	assert_int_equal(tc_rooms_attach(world->rooms, &peer->conn, "room", &access, peer), 0);
	return peer;
}

struct peer *rooms_attach(struct world *world, int i, const char *id, enum tc_role role)
{
	return rooms_attach_as(world, i, id, role, false);
}

void rooms_say(struct peer *peer, const char *text)
{
	tc_rooms_message(peer->conn, text, strlen(text));
}

void rooms_expect(struct peer *peer, const char *text)
{
	assert_true(peer->read < peer->count);
	assert_string_equal(peer->inbox[peer->read++], text);
}

void rooms_expect_error(struct peer *peer, const char *code, const char *in_reply_to)
{
	assert_true(peer->read < peer->count);
	struct tc_json object;
	const char *text = peer->inbox[peer->read++];
	char word[64];
	assert_int_equal(tc_json_parse(&object, text, strlen(text), NULL), 0);
	assert_true(tc_json_get_str(object, "type", word, sizeof(word)) > 0);
	assert_string_equal(word, "error");
	assert_true(tc_json_get_str(object, "code", word, sizeof(word)) > 0);
	assert_string_equal(word, code);
	struct tc_json value;
	assert_true(tc_json_get(object, "message", &value));
	assert_int_equal(tc_json_type(value), TC_JSON_STRING);
	assert_true(tc_json_get(object, "inReplyTo", &value));
	if (in_reply_to) {
		assert_true(tc_json_str_eq(value, in_reply_to));
	} else {
		assert_int_equal(tc_json_type(value), TC_JSON_NULL);
	}
}

void rooms_expect_nothing(struct peer *peer)
{
	if (peer->read < peer->count) {
		fail_msg("unexpected: %s", peer->inbox[peer->read]);
	}
}

void rooms_expect_event(struct world *world, const char *what)
{
	assert_true(world->event_count > 0);
	assert_string_equal(world->events[0].what, what);
	world->event_count--;
	memmove(world->events, world->events + 1, sizeof(world->events[0]) * 15);
}

struct peer *rooms_join(struct world *world, int i, const char *id, enum tc_role role)
{
	struct peer *peer = rooms_attach(world, i, id, role);
	rooms_say(peer, JOIN);
	return peer;
}

void rooms_clear(struct world *world)
{
	for (int i = 0; i < 6; i++) {
		struct peer *peer = &world->peers[i];
		for (int k = 0; k < peer->count; k++) {
			free(peer->inbox[k]);
		}
		peer->count = peer->read = 0;
	}
	world->event_count = 0;
}

struct call rooms_call_of_three(struct world *world)
{
	struct call call = {rooms_join(world, 0, "coach", TC_ROLE_COACH),
			    rooms_join(world, 1, "client", TC_ROLE_CLIENT),
			    rooms_join(world, 2, "orb", TC_ROLE_AI)};
	rooms_clear(world);
	return call;
}
