// SPDX-License-Identifier: Apache-2.0
#include "server/rooms/rooms_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_BUCKETS 64

int rooms_table_init(struct tc_rooms *rooms)
{
	tc_random_bytes(&rooms->hash_seed, sizeof(rooms->hash_seed));
	rooms->bucket_count = FIRST_BUCKETS;
	rooms->buckets = calloc(FIRST_BUCKETS, sizeof(struct room *));
	return rooms->buckets ? 0 : -ENOMEM;
}

static void room_free(struct room *room)
{
	free(room->orb_state);
	free(room->ai_status);
	free(room);
}

void rooms_table_finish(struct tc_rooms *rooms)
{
	for (size_t i = 0; rooms->buckets && i < rooms->bucket_count; i++) {
		while (rooms->buckets[i]) {
			struct room *room = rooms->buckets[i];
			rooms->buckets[i] = room->next;
			room_free(room);
		}
	}
	free(rooms->buckets);
}

/* Seeded: room names come from outside. */
static struct room **bucket_of(const struct tc_rooms *rooms, const char *id)
{
	uint64_t hash = tc_hash_mix(tc_hash_text(rooms->hash_seed, id));
	return &rooms->buckets[hash & (rooms->bucket_count - 1)];
}

struct room *rooms_find(const struct tc_rooms *rooms, const char *id)
{
	struct room *room = *bucket_of(rooms, id);
	while (room && strcmp(room->id, id) != 0) {
		room = room->next;
	}
	return room;
}

/* Doubles at one room a bucket; without memory the chains just grow longer. */
static void grow(struct tc_rooms *rooms)
{
	size_t old_count = rooms->bucket_count;
	struct room **old = rooms->buckets;
	struct room **buckets = calloc(old_count * 2, sizeof(*buckets));
	if (!buckets) {
		return;
	}
	rooms->buckets = buckets;
	rooms->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct room *room = old[i];
			old[i] = room->next;
			struct room **to = bucket_of(rooms, room->id);
			room->next = *to;
			*to = room;
		}
	}
	free(old);
}

struct room *rooms_find_or_add(struct tc_rooms *rooms, const char *id)
{
	struct room *room = rooms_find(rooms, id);
	if (room) {
		return room;
	}
	size_t size = strlen(id) + 1;
	room = calloc(1, sizeof(*room) + size);
	if (!room) {
		return NULL;
	}
	memcpy(room->id, id, size);
	if (++rooms->room_count > rooms->bucket_count) {
		grow(rooms);
	}
	struct room **bucket = bucket_of(rooms, id);
	room->next = *bucket;
	*bucket = room;
	return room;
}

static void view_of(const struct room *room, struct tc_room_view *out)
{
	*out = (struct tc_room_view){.room = room->id, .count = room->count};
	for (int i = 0; i < room->count; i++) {
		out->seats[i].role = room->seats[i]->role;
		out->seats[i].ai = room->seats[i]->ai;
		out->seats[i].away = !room->seats[i]->conn;
	}
}

void tc_rooms_each(const struct tc_rooms *rooms,
		   void (*each)(void *user, const struct tc_room_view *view), void *user)
{
	struct tc_room_view view;
	for (size_t i = 0; i < rooms->bucket_count; i++) {
		for (const struct room *room = rooms->buckets[i]; room; room = room->next) {
			view_of(room, &view);
			each(user, &view);
		}
	}
}

bool tc_rooms_attended(const struct tc_rooms *rooms, const char *id)
{
	const struct room *room = rooms_find(rooms, id);
	for (int i = 0; room && i < room->count; i++) {
		if (!room->seats[i]->ai && room->seats[i]->conn) {
			return true;
		}
	}
	return false;
}

void rooms_drop_if_empty(struct tc_rooms *rooms, struct room *room)
{
	if (room->count > 0 || room->orb_at_work) {
		return;
	}
	struct room **at = bucket_of(rooms, room->id);
	while (*at != room) {
		at = &(*at)->next;
	}
	*at = room->next;
	rooms->room_count--;
	room_free(room);
}
