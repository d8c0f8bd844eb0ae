/* server/admin/ready.h -- whether this server can serve: what /readyz finds.
 *
 * The disk is asked on the thread pool, when somebody asks and at most once a second; all who ask
 * meanwhile get the same answer. Thread: the loop's. Owner: http_site.c.
 */
#ifndef TC_SERVER_ADMIN_READY_H
#define TC_SERVER_ADMIN_READY_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/clock.h"
#include "server/config.h"
#include "server/journal.h"
#include "store/store.h"

/* Less than this is a full disk: one burst of words would fill it. */
#define TC_READY_DISK_FREE (1024 * 1024)
/* A loop that is later than this on average is of no use to a call. */
#define TC_READY_LAG_S   0.5
#define TC_READY_WAITERS 64

enum tc_ready_check {
	TC_READY_DATABASE,
	TC_READY_DISK,
	TC_READY_ORBS,
	TC_READY_LOOP,
	TC_READY_CHECKS,
};
/* Static words why not; NULL: fine. */
struct tc_ready_found {
	const char *why[TC_READY_CHECKS];
};

struct tc_ready_config { /* pointers: borrowed, outlive us */
	uv_loop_t *loop;
	struct tc_store *reads; /* the loop's own */
	struct tc_store *work;  /* the pool's */
	const struct tc_clock *clock;
	const struct tc_config *settings;
	const struct tc_journal *journal; /* NULL: none */
	/* What was found, for each that asked. */
	void (*answer)(void *user, void *asker, const struct tc_ready_found *found);
	void *user;
};

extern const char *const tc_ready_names[TC_READY_CHECKS];

struct tc_ready {
	struct tc_ready_config config;
	uv_work_t work;
	bool working;
	int64_t checked_us; /* 0: never */
	struct tc_ready_found found;
	struct tc_ready_found next; /* written on the pool */
	void *askers[TC_READY_WAITERS];
	size_t waiting;
};

void tc_ready_init(struct tc_ready *ready, const struct tc_ready_config *config);
/* Answers at once, or on a later turn. -EBUSY: too many ask. */
int tc_ready_ask(struct tc_ready *ready, double lag_s, void *asker);

#endif
