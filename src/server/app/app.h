/* server/app/app.h -- the server's parts in one place: made in order, told of each other, taken
 * down in reverse.
 *
 * Thread: the server's loop.  Owner: serve.c, one a process.
 */
#ifndef TC_SERVER_APP_H
#define TC_SERVER_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "server/access_gate.h"
#include "server/admin/admin.h"
#include "server/admin/board.h"
#include "server/calls.h"
#include "server/config.h"
#include "server/control/control.h"
#include "server/http_site.h"
#include "server/journal.h"
#include "server/listener.h"
#include "server/orbs/manager.h"
#include "server/rooms.h"
#include "server/spool.h"
#include "server/static.h"
#include "server/ws.h"

#define TC_APP_PATH_SIZE 4096

struct tc_app {
	const struct tc_config *config; /* borrowed, outlives us */
	const struct tc_clock *clock;
	uv_loop_t loop;
	bool loop_made;
	int data_lock; /* descriptor; -1: not taken */
	uv_signal_t term, interrupt, hangup;
	uv_timer_t tick;
	struct tc_store *reads, *work, *log; /* owned: the loop's, the pool's, the journal's */
	struct tc_gate *gate;                /* owned, like all below */
	struct tc_calls *calls;
	struct tc_journal *journal;
	struct tc_static *files;
	struct tc_board *board;
	struct tc_site *site;
	struct tc_http *http;
	struct tc_rooms *rooms;
	struct tc_ws *ws;
	struct tc_listener *listener;
	struct tc_control *control; /* NULL: another server has it */
	struct tc_spool *spool;
	struct tc_orbs *orbs;
	struct tc_orbs *closing;  /* the same, from the first signal on: asked nothing more */
	struct tc_call *unsummed; /* owned: calls that ended, whose orb is not gone yet */
	size_t unsummed_count;
	char aiorb[TC_APP_PATH_SIZE];
	char orb_host[1024], orb_url[1040]; /* how orbs reach us */
	char url[320];                      /* how people do */
	char manager_socket[TC_APP_PATH_SIZE], spool_dir[TC_APP_PATH_SIZE];
	int signals;
	bool handing_over; /* to the next server: calls go on */
	int64_t drain_by;  /* not 0: draining; then all is ended */
	int64_t spool_tick;
	bool written;        /* the journal, at the end */
	int64_t farewell_by; /* not 0: then the listener closes, whatever the sockets do */
};

/* One line for the person at the command; returns -EIO. */
int tc_app_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* make.c: each returns 0, or has complained. In this order, the addresses after the port. */
int tc_app_load_pages(struct tc_app *app);
int tc_app_open_port(struct tc_app *app);
int tc_app_lock_data(struct tc_app *app);
int tc_app_open_stores(struct tc_app *app);
int tc_app_make_services(struct tc_app *app);
int tc_app_make_spool(struct tc_app *app);
int tc_app_make_orbs(struct tc_app *app);
int tc_app_make_site(struct tc_app *app);
int tc_app_make_demo(struct tc_app *app);
/* A line each of what is missing, though the server works without. */
void tc_app_warn(const struct tc_app *app);

/* address.c: whether orbs need a port of their own; how they and people reach us. */
bool tc_app_needs_orb_port(const struct tc_config *config);
void tc_app_name_addresses(struct tc_app *app);

/* events.c: what one part tells another; user is the app. */
extern const struct tc_rooms_events tc_app_rooms_events;
extern const struct tc_calls_events tc_app_calls_events;
extern const struct tc_journal_events tc_app_journal_events;
extern const struct tc_orbs_events tc_app_orbs_events;
int tc_app_on_access(void *user, const struct tc_access_request *request, struct tc_access *out,
		     const char **why);
void tc_app_on_request(void *user, struct tc_http_request *request);
void tc_app_on_refused(void *user, struct tc_http_request *request, int status, const char *why);
void tc_app_on_written(void *user, double seconds);

/* summaries.c: a call that ended has its summary, whatever became of its orb: which is waited for,
 * while it may still bring it. */
void tc_app_sum_up(struct tc_app *app, const struct tc_call *call);
void tc_app_sum_up_tick(struct tc_app *app);

/* take_up.c: what a server before us left, and the socket to be found by the next time. */
void tc_app_take_up(struct tc_app *app);

/* drain.c */
/* From now on; the end follows at a tick, or when somebody leaves. */
void tc_app_drain(struct tc_app *app, const char *why);
void tc_app_check_drained(struct tc_app *app);
void tc_app_tell_status(struct tc_app *app, struct tc_buf *out);
void tc_app_tell_orbs(struct tc_app *app, struct tc_buf *out);

/* end.c: the signals that end us gracefully; what is left is freed, half-made or not. */
void tc_app_start_handles(struct tc_app *app);
void tc_app_end(struct tc_app *app, bool hand_over);
void tc_app_finish(struct tc_app *app);

#endif
