/* rtc/sdp.h -- session descriptions of browsers: read, agree, write (RFC 8866, 8829, 3264, 8843).
 *
 *	answering: tc_sdp_parse(offer) -> tc_sdp_negotiate() -> tc_sdp_write_answer()
 *	offering:  tc_sdp_write_offer() -> send -> tc_sdp_parse(answer) -> tc_sdp_accept()
 *
 * We take one sound section (Opus) and one picture section (VP8, RTX if offered) on one BUNDLE
 * transport with rtcp-mux; all else is refused in the answer, in its place. Pure, thread: any.
 * Lines may end in CR LF or LF; what we do not know is skipped; everything is bounded. Functions
 * that take `why` point it at a static text for the log on failure.
 */
#ifndef TC_RTC_SDP_H
#define TC_RTC_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "rtc/rtp.h"

#define TC_SDP_MAX_SIZE       (64 * 1024) /* a signaling message is no longer */
#define TC_SDP_MAX_SECTIONS   16
#define TC_SDP_MAX_FORMATS    80 /* a section; Chromium's video lists some 40 */
#define TC_SDP_MAX_EXTMAPS    24
#define TC_SDP_MAX_CANDIDATES 24 /* a section */
#define TC_SDP_MAX_SOURCES    16
#define TC_SDP_MAX_PAIRS      8
#define TC_SDP_TOKEN_SIZE     257 /* ice-ufrag and ice-pwd: 256 at most (RFC 8839 5.4) */
#define TC_SDP_MID_SIZE       (TC_RTP_MID_MAX + 1)
#define TC_SDP_FINGERPRINT    32 /* bytes of SHA-256 */

enum tc_sdp_kind { TC_SDP_AUDIO, TC_SDP_VIDEO, TC_SDP_APPLICATION, TC_SDP_OTHER };
enum tc_sdp_direction {
	TC_SDP_INACTIVE = 0,
	TC_SDP_SENDONLY = 1,
	TC_SDP_RECVONLY = 2,
	TC_SDP_SENDRECV = 3
};
enum tc_sdp_setup {
	TC_SDP_SETUP_NONE,
	TC_SDP_ACTPASS,
	TC_SDP_ACTIVE,
	TC_SDP_PASSIVE,
	TC_SDP_HOLDCONN
};

enum tc_sdp_feedback { /* bits of tc_sdp_format.feedback */
		       TC_SDP_FB_NACK = 1,
		       TC_SDP_FB_PLI = 2,
		       TC_SDP_FB_FIR = 4,
		       TC_SDP_FB_REMB = 8,
};

struct tc_sdp_format {
	int pt;             /* 0-127 */
	const char *name;   /* "opus", "VP8", "rtx"; "" without rtpmap */
	int rate, channels; /* channels: 1 where not told */
	const char *fmtp;   /* "" where not told */
	int apt;            /* rtx: whose; -1 */
	unsigned feedback;  /* `*` included */
};

struct tc_sdp_extmap {
	int id;
	enum tc_sdp_direction direction; /* sendrecv where not told */
	const char *uri;
};

struct tc_sdp_source {
	uint32_t ssrc;
	const char *cname; /* NULL: not told */
};

struct tc_sdp_transport {        /* a section's own lines, else the session's */
	const char *ufrag, *pwd; /* NULL: not told */
	bool has_fingerprint;    /* of SHA-256; others are skipped */
	uint8_t fingerprint[TC_SDP_FINGERPRINT];
	enum tc_sdp_setup setup;
	bool trickle;
};

struct tc_sdp_section {
	enum tc_sdp_kind kind;
	const char *media; /* as written: "audio", "application" */
	const char *proto; /* "UDP/TLS/RTP/SAVPF" */
	const char *fmts;  /* the rest of the m= line as written */
	int port;          /* 0 refused, unless bundle_only */
	bool bundle_only;
	bool bundled; /* its mid is in the BUNDLE group */
	enum tc_sdp_direction direction;
	const char *mid;                      /* NULL: none */
	const char *msid_stream, *msid_track; /* NULL: not told */
	bool rtcp_mux, rtcp_rsize;
	bool end_of_candidates;
	int ptime, maxptime; /* 0: not told */
	int sctp_port;       /* 0: not told */
	struct tc_sdp_transport transport;
	struct tc_sdp_format formats[TC_SDP_MAX_FORMATS];
	size_t format_count;
	struct tc_sdp_extmap extmaps[TC_SDP_MAX_EXTMAPS];
	size_t extmap_count;
	struct tc_sdp_source sources[TC_SDP_MAX_SOURCES];
	size_t source_count;
	struct {
		uint32_t primary, rtx;
	} pairs[TC_SDP_MAX_PAIRS]; /* ssrc-group:FID */
	size_t pair_count;
	const char *candidates[TC_SDP_MAX_CANDIDATES]; /* "candidate:...", without "a=" */
	size_t candidate_count;
};

struct tc_sdp {
	char *text; /* owned; all strings of the struct point into it */
	bool extmap_allow_mixed;
	bool ice_lite;
	bool has_bundle;
	uint64_t session_id, session_version;
	size_t section_count;
	struct tc_sdp_section sections[TC_SDP_MAX_SECTIONS];
};

/* *out is written on success only. -TC_EPARSE, -TC_ELIMIT, -ENOMEM. */
int tc_sdp_parse(struct tc_sdp **out, const char *text, const char **why);
void tc_sdp_destroy(struct tc_sdp *sdp); /* NULL-safe */
const struct tc_sdp_format *tc_sdp_format_find(const struct tc_sdp_section *section, int pt);

/* ---- what both sides agreed on ---- */

struct tc_sdp_track {
	int section;               /* -1: there is no such track */
	char mid[TC_SDP_MID_SIZE]; /* "": none */
	int pt;
	int rtx_pt;         /* -1: none; lost packets are resent as they were */
	bool send, receive; /* from our side */
	unsigned feedback;  /* of pt, both sides' */
	struct tc_rtp_ext_ids ext;
	uint32_t remote_ssrc, remote_rtx_ssrc; /* 0: not told */
};

struct tc_sdp_agreement {
	struct tc_sdp_track audio, video;
	char transport_mid[TC_SDP_MID_SIZE]; /* section that carries the transport */
	int transport_section;
	char ufrag[TC_SDP_TOKEN_SIZE], pwd[TC_SDP_TOKEN_SIZE]; /* theirs */
	uint8_t fingerprint[TC_SDP_FINGERPRINT];
	bool dtls_client; /* we are setup:active */
	bool peer_trickles;
	bool peer_ice_lite; /* then we are controlling */
	bool rtcp_rsize;
};

struct tc_sdp_policy {      /* zero: what the orb does */
	bool passive;       /* setup:passive where the offer lets us choose */
	bool no_video;      /* no picture of ours, no picture of theirs */
	bool no_video_send; /* with receive_video: theirs only */
	bool receive_video; /* the orb declines it */
};

/* What we take of an offer. 0; -EINVAL: nothing in it we can do (no usable section, no ICE
 * credentials, no SHA-256 fingerprint). */
int tc_sdp_negotiate(const struct tc_sdp *offer, const struct tc_sdp_policy *policy,
		     struct tc_sdp_agreement *out, const char **why);

/* Our side's facts for a description; borrowed for the call. */
struct tc_sdp_local {
	uint64_t session_id;      /* the same for a connection's life, below 2^62 */
	uint64_t session_version; /* + 1 each description */
	const char *ufrag, *pwd;
	const uint8_t *fingerprint; /* TC_SDP_FINGERPRINT bytes */
	const char *stream_id;      /* msid and cname */
	uint32_t audio_ssrc, video_ssrc, rtx_ssrc;
	int ptime_ms;           /* 20 where 0 */
	const char *candidates; /* "a=candidate:...\r\n" lines, NULL: none */
	bool end_of_candidates;
};

/* Appends to buf; its sticky error tells about memory. -EINVAL for missing facts. */
int tc_sdp_write_answer(struct tc_buf *buf, const struct tc_sdp *offer,
			const struct tc_sdp_agreement *agreement, const struct tc_sdp_local *local);

/* ---- our own offer (probe, tests) ---- */

struct tc_sdp_offer_plan { /* audio sendrecv always; zero: audio only */
	bool send_video, receive_video;
};
int tc_sdp_write_offer(struct tc_buf *buf, const struct tc_sdp_offer_plan *plan,
		       const struct tc_sdp_local *local);
/* The answer to it. -EINVAL: it refused the sound, or does not fit the offer. */
int tc_sdp_accept(const struct tc_sdp *answer, const struct tc_sdp_offer_plan *plan,
		  struct tc_sdp_agreement *out, const char **why);

const char *tc_sdp_direction_str(enum tc_sdp_direction direction);
/* 95 characters "AB:CD:..." and a 0. */
void tc_sdp_fingerprint_str(const uint8_t fingerprint[TC_SDP_FINGERPRINT], char out[96]);

#endif
