/* rtc/peer/peer_priv.h -- the inside of a peer, for the files of this folder only.
 *
 *	rtc.c       what peers of a process share      send.c      sound and picture out
 *	peer.c      create, close, stats               receive.c   sound and picture in
 *	state.c     the state machine and liveness     feedback.c  RTCP in
 *	describe.c  offers, answers, candidates        report.c    RTCP out, about each second
 *	transport.c link and DTLS events, demultiplexing
 *
 * Two threads meet here: the loop (home), and whoever sends media. What the senders touch is in
 * struct peer_out under its lock; what is atomic says so; all else belongs to the loop.
 */
#ifndef TC_RTC_PEER_PRIV_H
#define TC_RTC_PEER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "rtc/audio_in.h"
#include "rtc/dtls.h"
#include "rtc/estimator.h"
#include "rtc/ice.h"
#include "rtc/nack.h"
#include "rtc/peer.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"
#include "rtc/sdp.h"
#include "rtc/srtp.h"
#include "rtc/vp8_frames.h"

/* Browsers give up after 15 s; this is for paths that never answer at all. */
#define TC_PEER_CONNECT_MS 20000
#define TC_PEER_STALLED_MS 5000
#define TC_PEER_MISSED_MS  15000 /* the owner is told once more */
#define TC_PEER_SILENT_MS  30000 /* RFC 7675 section 5.1: consent expires */
/* Chromium without a microphone sends nothing but an audio RR every 2.5-7.5 s. */
#define TC_PEER_STALLED_AUDIO_ONLY_MS 10000
#define TC_PEER_KEYFRAME_MS           300
#define TC_PEER_MAX_EARLY             32 /* candidates kept before there is a description */
#define TC_PEER_DATAGRAM_MAX          2048

/* A picture below this is no picture; between the two nothing changes. Audio is never stopped. */
#define TC_PEER_VIDEO_PAUSE_BPS  60000
#define TC_PEER_VIDEO_RESUME_BPS 90000
#define TC_PEER_VIDEO_PAUSE_MS   2000 /* of being thin */
/* A browser on a busy machine takes its own delays for the path's and says far too little. A path
 * that is full shows it: it loses, or holds packets back. */
#define TC_PEER_STRAIN_LOSS   5   /* percent */
#define TC_PEER_STRAIN_RTT_MS 150 /* above the best that was seen */
/* A paused picture is tried again where nothing is wrong with the path: after this long, and twice
 * as long each time that it had to be paused again soon. */
#define TC_PEER_VIDEO_RETRY_MS     2000
#define TC_PEER_VIDEO_RETRY_MAX_MS 32000

struct tc_rtc {
	struct tc_loop *loop;         /* borrowed */
	const struct tc_clock *clock; /* borrowed */
	struct tc_home home;
	struct tc_dtls_identity *identity; /* owned */
	struct tc_ice_factory *ice;        /* owned */
	/* Reports of all tracks use one wall clock that never jumps: that of our birth, counted on.
	 */
	int64_t wall_minus_mono_us;
	int refs;
};
void tc_rtc_unref(struct tc_rtc *rtc);

struct peer_out_track { /* under the send lock */
	bool on;        /* negotiated and wanted by them */
	uint8_t pt;
	int rtx_pt; /* -1 */
	char mid[TC_SDP_MID_SIZE];
	struct tc_rtp_ext_ids ext;
	uint32_t ssrc, rtx_ssrc; /* ours for the peer's life */
	uint32_t ts_offset;
	uint16_t seq, rtx_seq;
	uint32_t packets, octets; /* RTCP counts: payload only */
	uint32_t last_ts;
	int64_t last_us; /* monotonic, when last_ts was sent */
};

struct peer_out {
	pthread_mutex_t lock;
	bool open;            /* media may go out */
	struct tc_link *link; /* owned by the peer; NULL once closed */
	struct tc_srtp *srtp; /* owned; the unprotect half belongs to the loop */
	struct tc_nack *nack; /* owned; NULL without video */
	struct peer_out_track audio, video;
	bool needs_key;    /* no picture before a key frame */
	bool video_paused; /* the path is too thin */
	uint16_t picture_id;
	uint64_t audio_packets, video_packets, bytes, retransmitted, refused;
};

struct peer_in_video {                /* NULL unless receive_video */
	struct tc_vp8_frames *frames; /* owned */
	struct tc_rtcp_receiver receiver;
	struct tc_timer *timer; /* owned: holes that packets do not fill */
	int64_t wanted_us;      /* since when a key frame is missing; 0: it is not */
	int64_t pli_us;         /* when the last PLI went */
};

/* Written by the loop, read by tc_peer_stats() on any thread. */
struct peer_counters {
	atomic_uint_fast64_t audio_packets, bytes, rejected, nacks, plis, firs;
	atomic_uint_fast64_t audio_lost, concealed_ms, video_packets, video_lost;
	atomic_int jitter_buffer_ms, audio_jitter_us, rtt_ms, remote_jitter_us, remote_loss,
		estimate_bps;
	atomic_int_fast64_t last_heard_us, connect_ms;
};

struct tc_peer {
	struct tc_rtc *rtc; /* counted */
	struct tc_home home;
	char *tag, *stream_id; /* owned */
	bool offerer, no_video, receive_video;
	const struct tc_link_ops *link_ops;
	void *link_factory;
	struct tc_peer_events events;
	void *user;

	_Atomic enum tc_peer_state state;
	bool closed;
	tc_loop_fn done;
	void *done_user;
	atomic_int senders; /* threads inside tc_peer_send_*() */
	struct peer_counters count;

	struct tc_link *link; /* owned; the senders' copy is in out */
	bool link_up;
	struct tc_dtls *dtls; /* owned */
	struct tc_sdp_agreement agreement;
	bool agreed;
	uint64_t session_id, session_version;
	char *early[TC_PEER_MAX_EARLY]; /* owned */
	int early_count;
	int64_t offer_us;

	struct peer_out out;

	struct tc_audio_in *audio_in; /* owned */
	struct tc_rtcp_receiver audio_receiver;
	struct tc_timer *audio_timer; /* owned */
	struct peer_in_video *video_in;

	struct tc_timer *tick;           /* owned; each second: liveness, rates */
	struct tc_timer *report_timer;   /* owned; from the first time it was open */
	struct tc_timer *connect_timer;  /* owned; while CONNECTING */
	struct tc_timer *keyframe_timer; /* owned; a request waiting its 300 ms */
	int64_t keyframe_us;             /* when the last was asked of the owner */
	bool told_missed;
	bool fir_seen;
	uint8_t fir_seq;
	struct tc_estimator estimator;
	int told_bps, told_loss;
	int64_t thin_us;               /* since when; 0: it is not */
	int64_t paused_us, resumed_us; /* when the picture last was */
	int video_retry_ms;
	int rtt_best_ms;               /* 0: none seen */
	int64_t remb_us;               /* when the last came */
	uint64_t sent_before;          /* out.bytes at the last tick */
	int sent_bps, sent_bps_before; /* over the last second, and the one before */
	double audio_loss;             /* 0-100, smoothed */
	uint32_t audio_reported,
		video_reported; /* highest sequence numbers of their last reports */
};

static inline int64_t peer_now_us(const struct tc_peer *peer)
{
	return tc_clock_us(peer->rtc->clock);
}
static inline int64_t peer_wall_us(const struct tc_peer *peer)
{
	return peer_now_us(peer) + peer->rtc->wall_minus_mono_us;
}

/* state.c */
void tc_peer_set_state(struct tc_peer *peer, enum tc_peer_state next, const char *why);
void tc_peer_heard(struct tc_peer *peer); /* an authenticated packet came */
void tc_peer_check_liveness(struct tc_peer *peer);
void tc_peer_open(struct tc_peer *peer, bool open); /* may media go out? */

/* transport.c */
extern const struct tc_link_events tc_peer_link_events;
int tc_peer_start_dtls(struct tc_peer *peer); /* for the agreement; replaces an association that
						 does not fit it */

/* send.c: the caller holds out.lock; `packet` has TC_SRTP_OVERHEAD bytes free behind it */
int tc_peer_transmit(struct tc_peer *peer, uint8_t *packet, size_t len);
int tc_peer_transmit_rtcp(struct tc_peer *peer, uint8_t *packet, size_t len);
void tc_peer_retransmit(struct tc_peer *peer, const uint16_t *seqs, size_t count);

/* receive.c */
int tc_peer_init_receiving(struct tc_peer *peer);
void tc_peer_finish_receiving(struct tc_peer *peer);
void tc_peer_on_rtp(struct tc_peer *peer, const uint8_t *packet, size_t len);

/* feedback.c */
void tc_peer_on_rtcp(struct tc_peer *peer, const uint8_t *packet, size_t len);
void tc_peer_want_keyframe(struct tc_peer *peer); /* tells the owner, at most each 300 ms */
void tc_peer_update_estimate(struct tc_peer *peer);
void tc_peer_measure_rate(struct tc_peer *peer); /* each second */

/* report.c */
void tc_peer_start_reports(struct tc_peer *peer); /* again: does nothing */
void tc_peer_say_bye(struct tc_peer *peer);       /* holds out.lock by itself */

#endif
