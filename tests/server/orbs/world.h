/* A world of its own for each test of the orb manager: a loop, a manager, and what it told us.
 *
 * Real processes (tests/mock/fake_orb.c), times scaled down, and a deadline far beyond them.
 */
#ifndef TC_TESTS_ORBS_WORLD_H
#define TC_TESTS_ORBS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <cmocka.h>

#include "server/orbs/manager.h"

#define MAX_STEPS 4096
#define MAX_TEXTS 256

struct step {
	char room[32];
	enum tc_orb_state state;
	char reason[256];
};

struct world {
	uv_loop_t loop;
	struct tc_orbs *orbs;
	struct step steps[MAX_STEPS];
	int step_count;
	char texts[MAX_TEXTS][300]; /* "id:text" of utterances */
	int text_count;
	long messages;
	int summaries;
	char summary[512];
	int tokens, revoked;
	int recalls;                   /* how often a memory was asked for */
	bool forgetful;                /* there is none */
	const char *deserted;          /* a room whose people have lost the connection */
	const char *lack;              /* what orbs need and is not there; NULL: nothing */
	enum tc_orb_state event_state; /* of the newest one */
	int events, life;
	int64_t event_ms;
	uint64_t died_loop_ms, spawn_loop_ms; /* by the loop: of the newest death and start */
	char log[65536];
	bool closed;
	bool late;
};

struct expected {
	const char *room;
	enum tc_orb_state state;
	int times;
};

extern const struct tc_orbs_events world_events; /* user: the world */

void take_arguments(int argc, char **argv); /* of main: the fake orb's path */
const char *fake_orb_path(void);
/* The defaults, and a fake orb of this script. */
struct tc_orbs_config good_config(struct world *w, const char *script);
/* The same program, run as our own is: it is pinged. `script` is "FAKE_ORB=...". */
struct tc_orbs_config own_config(struct world *w, const char *script);
struct world *open_world(void);
void start_manager(struct world *w, const struct tc_orbs_config *config);
void wait_for(struct world *w, bool (*there)(struct world *, const void *), const void *arg);
void close_manager(struct world *w);
void on_closed(void *user);
bool is_closed(struct world *w, const void *arg);
void on_timer_closed(uv_handle_t *handle);
/* Nothing is left: no handle, no child, dead or alive. */
void close_world(struct world *w);
void join(struct world *w, const char *room, const char *user);
void leave(struct world *w, const char *room, const char *user);
struct tc_orb_info info_of(struct world *w, const char *room);
const struct step *find_step(struct world *w, const struct expected *e);
/* Waits until the room was in `state` for the n-th time; returns the reason. */
const char *wait_state_n(struct world *w, const char *room, enum tc_orb_state state, int n);
const char *wait_state(struct world *w, const char *room, enum tc_orb_state state);
bool has_text(struct world *w, const void *arg);
bool has_log(struct world *w, const void *arg);
bool steps_are(struct world *w, const char *room, const enum tc_orb_state *states, int count);
/* Fails with both of them where `text` does not hold `part`. */
void expect_part(const char *text, const char *part);
/* One life began, and ended so. */
void expect_end(const struct world *w, enum tc_orb_end how);

#endif
