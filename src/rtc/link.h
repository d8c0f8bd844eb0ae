/* rtc/link.h -- how a peer's datagrams travel: the seam between peer.c and ICE.
 *
 * The real one is rtc/ice/ (libnice). Tests join two peers through tests/mock/link.h, which loses,
 * delays and reorders. Thread: all on the loop, but send(), which any thread may call.
 */
#ifndef TC_RTC_LINK_H
#define TC_RTC_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_link; /* each implementation's own */

enum tc_link_state {
	TC_LINK_NEW,
	TC_LINK_CHECKING,
	TC_LINK_CONNECTED, /* send() works */
	TC_LINK_FAILED,
	TC_LINK_CLOSED,
};

struct tc_link_events { /* never called from inside create */
	void (*state)(void *user, enum tc_link_state now);
	/* A local candidate ("candidate:..." without "a="), NULL: gathering is done. */
	void (*candidate)(void *user, const char *line);
	void (*packet)(void *user, const uint8_t *data, size_t len); /* borrowed for the call */
};

struct tc_link_ops {
	int (*create)(struct tc_link **out, void *factory, bool controlling,
		      const struct tc_link_events *events, void *user);
	void (*close)(struct tc_link *link); /* no event follows; frees on a later turn */
	/* Borrowed strings; new ones after restart(). */
	void (*local)(struct tc_link *link, const char **ufrag, const char **pwd);
	int (*set_remote)(struct tc_link *link, const char *ufrag, const char *pwd);
	/* "candidate:..."; "" or NULL: no more. Lines it cannot use (.local names) are no error. */
	int (*add_candidate)(struct tc_link *link, const char *line);
	int (*gather)(struct tc_link *link); /* after set_remote or create; host candidates exist on
						return */
	/* Appends "a=candidate:...\r\n" lines known so far, into a struct tc_buf. */
	void (*write_candidates)(struct tc_link *link, void *tc_buf);
	int (*restart)(struct tc_link *link); /* ICE restart: new local credentials, old path kept
						 until replaced */
	int (*send)(struct tc_link *link, const uint8_t *data, size_t len); /* -ENOTCONN, -EAGAIN */
};

#endif
