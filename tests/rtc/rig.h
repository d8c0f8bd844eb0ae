/* tests/rtc/rig.h -- two peers that call each other on one loop: `a` offers and watches, as a
 * browser does, `b` answers and shows a picture, as the orb does. Both speak.
 */
#ifndef TC_TEST_RTC_RIG_H
#define TC_TEST_RTC_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "media/vp8.h"
#include "mock/link.h"
#include "rtc/peer.h"
#include "source.h"

#define RIG_MAX_STATES 16

struct rig_end {
	struct rig *rig;
	struct tc_peer *peer;
	struct tc_test_source source;
	struct tc_vp8_decoder *decoder;
	enum tc_peer_state states[RIG_MAX_STATES];
	int state_count;
	char why[96]; /* of the last state */
	int sounds, loud_sounds, concealed;
	int pictures, keys, broken; /* received; broken: did not decode */
	int key_requests;
	int last_loss, last_estimate;
	bool want_key, close_when_connected, closed;
};

struct rig {
	struct tc_loop *loop;
	struct tc_rtc *rtc;
	struct tc_mock_net *net; /* NULL: real ICE on 127.0.0.1 */
	struct rig_end a, b;
	struct tc_timer *media;
	bool silent;            /* send no media by timer */
	bool own_loop, own_rtc; /* made by rig_init */
	int step;
};

struct rig_options {
	struct rig *beside;                   /* use its loop and rtc */
	struct tc_loop *loop;                 /* use this loop */
	const struct tc_mock_net_config *net; /* NULL: real ICE */
	const struct tc_clock *clock;
};

extern const struct tc_peer_events rig_events; /* their user: a struct rig_end */

void rig_init(struct rig *rig, const struct rig_options *options);
/* Closes what is open and frees all; turns the loop until the peers are gone. */
void rig_finish(struct rig *rig);
/* Offer, answer, candidates. `ice_restart` for a later one. */
void rig_negotiate(struct rig *rig, bool ice_restart);
void rig_close(struct rig_end *end);
/* Turns the loop until *flag-like condition holds; false after timeout_ms. */
bool rig_wait(struct rig *rig, bool (*done)(struct rig *rig), int timeout_ms);
bool rig_connected(struct rig *rig);

#endif
