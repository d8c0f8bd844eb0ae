/* server/admin/quality.h -- what a page tells of its connections (POST /api/room/:id/quality): read
 * strictly, counted, and the newest of each kept for the dashboard.
 *
 * Thread: the loop's. Owner: board.c.
 */
#ifndef TC_SERVER_ADMIN_QUALITY_H
#define TC_SERVER_ADMIN_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/json.h"
#include "proto/role.h"
#include "server/metrics/families.h"
#include "server/metrics/history.h"

#define TC_QUALITY_MAX_BODY        4096
#define TC_QUALITY_MAX_CONNECTIONS 4   /* of one report */
#define TC_QUALITY_KEPT            512 /* of all rooms */

enum tc_link_state { TC_LINK_CONNECTING, TC_LINK_CONNECTED, TC_LINK_FAILED, TC_LINK_CLOSED };

/* NAN or -1: not told. Of the time since the page's last report, where it is not of the moment. */
struct tc_link_report {
	char id[33]; /* the connection's, the page's choice: [a-z0-9]{1,32} */
	enum tc_metric_peer peer;
	enum tc_link_state state;
	int outcome; /* enum tc_metric_result, told once; -1 */
	int path;    /* of tc_metric_paths; -1 */
	double connect_ms, rtt_ms, jitter_ms;
	double loss, concealed; /* 0 to 1 */
	double freezes;
};

/* {"connections": [...]}: how many, or -TC_EPARSE with *field naming what is wrong. Unknown fields
 * and values out of range are wrong. */
int tc_quality_parse(const char *text, size_t len,
		     struct tc_link_report out[TC_QUALITY_MAX_CONNECTIONS], const char **field);

struct tc_link_seen {
	char room[TC_ID_SIZE];
	enum tc_role from; /* coach, client or admin */
	struct tc_link_report report;
	int64_t at_ms; /* wall clock */
};

struct tc_quality {
	struct tc_link_seen
		*links; /* owned: the first `count`; a place for each room, role, peer */
	size_t count;
};

int tc_quality_init(struct tc_quality *quality);
void tc_quality_finish(struct tc_quality *quality);
/* Metrics and history; and kept, unless the connection is over. */
void tc_quality_take(struct tc_quality *quality, struct tc_registry *registry,
		     struct tc_history *history, const struct tc_link_seen *seen);
void tc_quality_forget(struct tc_quality *quality, const char *room);
/* The room's, one after the other: *at begins with 0. NULL: no more. */
const struct tc_link_seen *tc_quality_next(const struct tc_quality *quality, const char *room,
					   size_t *at);
const char *tc_link_state_str(enum tc_link_state state);

#endif
