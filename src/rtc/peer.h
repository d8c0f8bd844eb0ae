/* rtc/peer.h -- one WebRTC connection: offer or candidates in, sound and picture both ways.
 *
 * One BUNDLE transport (RFC 8843) with rtcp-mux, ICE with trickle (RFC 8838), DTLS-SRTP (RFC 5764).
 * Audio: Opus, sendrecv. Video: VP8 out, in only where asked for. Built from sdp, ice, dtls, srtp,
 * rtp, rtcp, jitter, nack, estimator beside it. A peer that fails never touches another.
 *
 * Thread: home is the loop's; tc_peer_send_*(), tc_peer_takes_video() and tc_peer_stats() from
 * any (they take the peer's send lock for the time of protect + send). Owner: whoever created it,
 * until tc_peer_close().
 */
#ifndef TC_RTC_PEER_H
#define TC_RTC_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "rtc/link.h"
#include "rtc/loop.h"

struct tc_rtc;
struct tc_peer;

/* What all peers of a process share: the certificate, the TLS context, libsrtp. */
struct tc_rtc_config {                /* zero: default */
	struct tc_loop *loop;         /* borrowed, outlives us */
	const struct tc_clock *clock; /* system */
	const char
		*bind_address;  /* only this local address; NULL: all, loopback too where allowed */
	bool loopback;          /* also gather 127.0.0.1 */
	int port_min, port_max; /* UDP; 0: any */
	const char *stun_server;                             /* "host:port"; NULL: none */
	const char *turn_server, *turn_user, *turn_password; /* "host:port" */
	bool relay_only; /* everything through the TURN server */
};
int tc_rtc_create(struct tc_rtc **out,
		  const struct tc_rtc_config *config); /* -EINVAL, -ENOMEM, -TC_ECRYPTO */
void tc_rtc_destroy(struct tc_rtc *rtc);               /* after its peers were closed */

enum tc_peer_state {
	TC_PEER_NEW,        /* no description yet */
	TC_PEER_CONNECTING, /* both descriptions known; ICE, then DTLS */
	TC_PEER_CONNECTED,  /* media flows */
	TC_PEER_STALLED, /* nothing authenticated came for 5 s; still sending, since a path may be
			  * broken in one direction only. A frozen page plays what piled up
			  * meanwhile late (up to 2.4 s measured after 12 s): that is its choice */
	TC_PEER_SILENT,  /* for 30 s: sending stopped (RFC 7675's intent); a packet or a new offer
			    revives */
	TC_PEER_FAILED,  /* ICE or DTLS gave up; a new offer with new credentials starts again */
	TC_PEER_CLOSED,
};

/* 20 ms (usually) of one person's sound, decoded, in order, losses concealed. */
struct tc_peer_sound {
	const int16_t *pcm; /* 16 kHz mono, borrowed for the call */
	size_t samples;
	int64_t time_us; /* monotonic: when its first packet came (concealed: when it should have)
			  */
	int64_t skipped_us; /* of the stream's time nothing was sent for before it (DTX); -1: the
			       stream begins anew */
	int level;          /* RFC 6464: 0 loudest .. 127 silence; -1: not told */
	bool concealed;
};

struct tc_peer_picture { /* one whole VP8 frame */
	const uint8_t *data;
	size_t len;
	uint32_t rtp_ts;
	bool key;
};

struct tc_peer_events { /* any may be NULL; never called from inside create or close */
	/* Also once with now == was, when nothing was heard for 15 s. */
	void (*state)(void *user, enum tc_peer_state now, enum tc_peer_state was, const char *why);
	/* "candidate:..."; NULL: no more. mid: of the first section. */
	void (*candidate)(void *user, const char *line, const char *mid);
	void (*sound)(void *user, const struct tc_peer_sound *sound);
	void (*picture)(void *user, const struct tc_peer_picture *picture);
	void (*keyframe)(
		void *user); /* PLI, FIR or just connected; rate-limited to one per 300 ms */
	void (*estimate)(void *user,
			 int bps); /* what the path to this peer takes, video and audio together */
	void (*loss)(void *user,
		     int percent); /* of our audio, from receiver reports; for Opus FEC */
};

struct tc_peer_config {                 /* zero: default */
	struct tc_rtc *rtc;             /* borrowed */
	const char *tag;                /* for the log, copied */
	bool offerer;                   /* we make offers (the probe, tests); the orb never does */
	bool no_video;                  /* send no picture */
	bool receive_video;             /* the orb declines it */
	const char *stream_id;          /* msid and cname; default "orb" */
	const struct tc_link_ops *link; /* default: libnice */
	void *link_factory;             /* passed to link->create */
};

int tc_peer_create(struct tc_peer **out, const struct tc_peer_config *config,
		   const struct tc_peer_events *events, void *user);
/* Stops events now, sends BYE and close_notify, frees on a later turn, then calls done (may be
 * NULL). */
void tc_peer_close(struct tc_peer *peer, tc_loop_fn done, void *user);

/* Takes the browser's offer (the first, a renegotiation, or an ICE restart); *answer is a heap
 * string for the caller to free, with the host candidates in it. -TC_EPARSE, -EINVAL (nothing in it
 * we can do), -ENOMEM: the connection stays as it was. */
int tc_peer_answer(struct tc_peer *peer, const char *offer, char **answer);
int tc_peer_offer(struct tc_peer *peer, bool ice_restart, char **offer);
int tc_peer_accept(struct tc_peer *peer, const char *answer);
/* "candidate:..." or "" / NULL for the end. Before the offer they are kept. Never fatal. */
int tc_peer_add_candidate(struct tc_peer *peer, const char *line);

struct tc_audio_out {
	const uint8_t *data; /* one Opus packet */
	size_t len;
	uint32_t ticks; /* position on the shared 48 kHz media clock; each peer adds its own offset
			 */
	bool marker;    /* first packet of a talk spurt */
	int level;      /* RFC 6464 0..127 */
	bool voice;
};
struct tc_video_out {
	const uint8_t *data; /* one VP8 frame */
	size_t len;
	uint32_t ticks; /* shared 90 kHz media clock */
	bool key;
};
/* 0; -ENOTCONN while not sending (fine); -EAGAIN. RT-safe but for the send lock. A peer that has
 * not had a key frame yet, or whose rate is below what video needs, skips the picture by itself. */
int tc_peer_send_audio(struct tc_peer *peer, const struct tc_audio_out *audio);
int tc_peer_send_video(struct tc_peer *peer, const struct tc_video_out *video);
bool tc_peer_takes_video(struct tc_peer *peer); /* connected, and they asked for a picture */
/* A thread that got the pointer from somewhere keeps the memory alive from hold() to release(),
 * even if the peer is closed meanwhile (sends then return -ENOTCONN). Any thread, RT-safe; hold()
 * only while something (a lock) still keeps the owner from closing it. */
void tc_peer_hold(struct tc_peer *peer);
void tc_peer_release(struct tc_peer *peer);
void tc_peer_request_keyframe(struct tc_peer *peer); /* PLI to the other side (receive_video) */

struct tc_peer_stats {
	enum tc_peer_state state;
	uint64_t audio_packets_sent, video_packets_sent, bytes_sent, retransmitted, send_refused;
	uint64_t audio_packets_received, audio_packets_lost, audio_concealed_ms, bytes_received;
	uint64_t video_packets_received, video_packets_lost; /* lost: before retransmission */
	uint64_t nacks, plis, firs, srtp_rejected;
	int rtt_ms;           /* -1: unknown */
	int audio_jitter_us;  /* RFC 3550 A.8, of their audio */
	int remote_jitter_us; /* jitter they see of our audio */
	int remote_loss_percent;
	int jitter_buffer_ms; /* ours, for their audio */
	int estimate_bps;
	int64_t last_heard_us; /* monotonic, authenticated */
	int64_t connect_ms;    /* offer -> CONNECTED; -1 */
};
void tc_peer_stats(struct tc_peer *peer, struct tc_peer_stats *out);
enum tc_peer_state tc_peer_state(const struct tc_peer *peer);
const char *tc_peer_state_str(enum tc_peer_state state);

#endif
