/* rtc/loop.h -- the orb's event loop: timers, descriptors, and work posted from other threads.
 *
 * Wraps a GMainContext of its own, since libnice and the orb's libwebsockets need GLib. Nobody else
 * sees GLib but rtc/ice/. Home thread: the one that runs it; tc_loop_post() and tc_loop_quit()
 * from any.
 */
#ifndef TC_RTC_LOOP_H
#define TC_RTC_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct tc_loop;
struct tc_timer;
struct tc_watch;
typedef void (*tc_loop_fn)(void *user);

int tc_loop_create(struct tc_loop **out);
void tc_loop_destroy(struct tc_loop *loop); /* after everything on it was cancelled or closed */
void tc_loop_run(struct tc_loop *loop);     /* until tc_loop_quit() */
/* One turn; waits for something to happen if `block`. True if anything ran. For tests. */
bool tc_loop_turn(struct tc_loop *loop, bool block);
void tc_loop_quit(struct tc_loop *loop);
void *tc_loop_native(struct tc_loop *loop); /* GMainContext *, borrowed */
/* GMainLoop * on that context, borrowed: what libwebsockets takes as a foreign loop. */
void *tc_loop_native_main(struct tc_loop *loop);

/* Owned by the caller until cancelled, one-shot ones too. NULL: no memory. Cancel is NULL-safe and
 * may be called from inside the callback. */
struct tc_timer *tc_loop_timer(struct tc_loop *loop, int64_t delay_ms, bool repeat, tc_loop_fn fn,
			       void *user);
void tc_timer_cancel(struct tc_timer *timer);
/* Called while fd is readable (or hung up). The fd stays the caller's. */
struct tc_watch *tc_loop_watch(struct tc_loop *loop, int fd, tc_loop_fn fn, void *user);
/* The same for writable. */
struct tc_watch *tc_loop_watch_write(struct tc_loop *loop, int fd, tc_loop_fn fn, void *user);
void tc_watch_cancel(struct tc_watch *watch);
/* Runs fn on the loop's thread, soon. Thread: any. -ENOMEM. */
int tc_loop_post(struct tc_loop *loop, tc_loop_fn fn, void *user);

/* GLib takes each source out of the poll while its callback runs, and wakes itself for it: per
 * packet two writes, one read and one turn more. Nobody here runs the loop inside a callback, so
 * the sources that a library attaches between a mark and this call are spared that. Home thread. */
unsigned tc_loop_mark(struct tc_loop *loop);
void tc_loop_spare_wakeups(struct tc_loop *loop, unsigned mark);

#endif
