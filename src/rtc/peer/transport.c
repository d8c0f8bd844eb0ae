// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("rtc.peer");

static void on_link_state(void *user, enum tc_link_state now)
{
	struct tc_peer *peer = user;
	switch (now) {
	case TC_LINK_CONNECTED:
		TC_DEBUG(peer->tag, "path found");
		peer->link_up = true;
		if (peer->dtls) {
			tc_dtls_start(peer->dtls);
		}
		break;
	case TC_LINK_FAILED:
		/* Once media flows, only its absence counts: the old path may still work. */
		peer->link_up = false;
		if (tc_peer_state(peer) == TC_PEER_CONNECTING) {
			tc_peer_set_state(peer, TC_PEER_FAILED, "no path");
		}
		break;
	case TC_LINK_NEW:
	case TC_LINK_CHECKING:
	case TC_LINK_CLOSED:
		break;
	}
}

static void on_link_candidate(void *user, const char *line)
{
	struct tc_peer *peer = user;
	if (!peer->closed && peer->events.candidate) {
		const char *mid = peer->agreed ? peer->agreement.transport_mid : "0";
		peer->events.candidate(peer->user, line, mid);
	}
}

static void on_media(struct tc_peer *peer, const uint8_t *data, size_t len, bool rtcp)
{
	uint8_t packet[TC_PEER_DATAGRAM_MAX];
	if (!peer->out.srtp) {
		return;
	}
	memcpy(packet, data, len);
	size_t n = len;
	int err = rtcp ? tc_srtp_unprotect_rtcp(peer->out.srtp, packet, &n)
		       : tc_srtp_unprotect(peer->out.srtp, packet, &n);
	if (err) {
		atomic_fetch_add(&peer->count.rejected, 1);
		return;
	}
	atomic_fetch_add(&peer->count.bytes, n);
	tc_peer_heard(peer);
	if (peer->closed) {
		return; /* by the owner, told that it was heard */
	}
	if (rtcp) {
		tc_peer_on_rtcp(peer, packet, n);
	} else {
		tc_peer_on_rtp(peer, packet, n);
	}
}

static void on_link_packet(void *user, const uint8_t *data, size_t len)
{
	struct tc_peer *peer = user;
	if (peer->closed || len > TC_PEER_DATAGRAM_MAX) {
		return;
	}
	switch (tc_rtp_classify(data, len)) {
	case TC_RTP_DTLS:
		if (peer->dtls) {
			tc_dtls_input(peer->dtls, data, len);
		}
		break;
	case TC_RTP_RTP:
		on_media(peer, data, len, false);
		break;
	case TC_RTP_RTCP:
		on_media(peer, data, len, true);
		break;
	case TC_RTP_STUN:
	case TC_RTP_TURN_CHANNEL:
	case TC_RTP_UNKNOWN:
		break;
	}
}

const struct tc_link_events tc_peer_link_events = {
	.state = on_link_state,
	.candidate = on_link_candidate,
	.packet = on_link_packet,
};

static void on_dtls_send(void *user, const uint8_t *data, size_t len)
{
	struct tc_peer *peer = user;
	if (peer->link) {
		peer->link_ops->send(peer->link, data, len); /* DTLS repeats what is refused */
	}
}

static void on_dtls_connected(void *user, const struct tc_srtp_keys *keys)
{
	struct tc_peer *peer = user;
	struct tc_srtp *srtp;
	if (tc_srtp_create(&srtp, keys)) {
		tc_peer_set_state(peer, TC_PEER_FAILED, "SRTP refused the keys");
		return;
	}
	pthread_mutex_lock(&peer->out.lock);
	struct tc_srtp *old = peer->out.srtp;
	peer->out.srtp = srtp;
	peer->out.needs_key = true;
	pthread_mutex_unlock(&peer->out.lock);
	tc_srtp_destroy(old);
	int64_t now = peer_now_us(peer);
	atomic_store(&peer->count.last_heard_us, now);
	atomic_store(&peer->count.connect_ms, (now - peer->offer_us) / 1000);
	tc_peer_set_state(peer, TC_PEER_CONNECTED, "keys agreed");
	tc_peer_want_keyframe(peer);
}

static void end_transport(struct tc_peer *peer, const char *why)
{
	if (!peer->closed && tc_peer_state(peer) != TC_PEER_FAILED) {
		tc_peer_set_state(peer, TC_PEER_FAILED, why);
	}
}

static void on_dtls_closed(void *user)
{
	end_transport(user, "closed by the other side");
}

static void on_dtls_failed(void *user, const char *why)
{
	end_transport(user, why);
}

static const struct tc_dtls_events dtls_events = {
	.send = on_dtls_send,
	.connected = on_dtls_connected,
	.closed = on_dtls_closed,
	.failed = on_dtls_failed,
};

int tc_peer_start_dtls(struct tc_peer *peer)
{
	struct tc_dtls_config config = {
		.loop = peer->rtc->loop,
		.identity = peer->rtc->identity,
		.client = peer->agreement.dtls_client,
	};
	memcpy(config.fingerprint, peer->agreement.fingerprint, sizeof(config.fingerprint));
	struct tc_dtls *dtls;
	int err = tc_dtls_create(&dtls, &config, &dtls_events, peer);
	if (err) {
		return err;
	}
	tc_dtls_destroy(peer->dtls);
	peer->dtls = dtls;
	if (peer->link_up) {
		tc_dtls_start(dtls);
	}
	return 0;
}
