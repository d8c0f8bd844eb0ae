// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

#include "media/opus.h"
#include "rtc/vp8_payload.h"

/* RFC 4588: the original sequence number, which a resend carries besides. */
#define RTX_EXTRA 2
/* What may leave back to back. A key frame is 10-20 packets; this spreads it over 2-3 ms, lets a
 * sound packet in between, and spares small queues on the way. */
#define BURST_PACKETS 8
#define BURST_GAP_NS  1000000L
/* Zero: show at once. The maximum leaves browsers room where the path jitters. */
#define PLAYOUT_MIN_MS 0
#define PLAYOUT_MAX_MS 100

struct packet {
	uint8_t data[TC_RTP_MTU + TC_OPUS_MAX_PACKET + TC_SRTP_OVERHEAD];
};

static int pass_on(struct tc_peer *peer, const uint8_t *packet, size_t len)
{
	struct peer_out *out = &peer->out;
	if (!out->link) {
		return -ENOTCONN;
	}
	int err = peer->link_ops->send(out->link, packet, len);
	if (err) {
		out->refused++;
	} else {
		out->bytes += len;
	}
	return err;
}

int tc_peer_transmit(struct tc_peer *peer, uint8_t *packet, size_t len)
{
	int err = tc_srtp_protect(peer->out.srtp, packet, &len);
	return err ? err : pass_on(peer, packet, len);
}

int tc_peer_transmit_rtcp(struct tc_peer *peer, uint8_t *packet, size_t len)
{
	int err = tc_srtp_protect_rtcp(peer->out.srtp, packet, &len);
	return err ? err : pass_on(peer, packet, len);
}

static void count_packet(struct peer_out_track *track, uint32_t ts, size_t payload, int64_t now_us)
{
	track->packets++;
	track->octets += (uint32_t)payload;
	track->last_ts = ts;
	track->last_us = now_us;
}

static int send_audio(struct tc_peer *peer, const struct tc_audio_out *audio)
{
	struct peer_out *out = &peer->out;
	struct peer_out_track *track = &out->audio;
	if (!out->open || !track->on) {
		return -ENOTCONN;
	}
	int64_t now = peer_now_us(peer);
	struct tc_rtp_out rtp = {
		.marker = audio->marker,
		.pt = track->pt,
		.seq = track->seq,
		.ts = track->ts_offset + audio->ticks,
		.ssrc = track->ssrc,
		.mid = track->mid,
		.has_level = true,
		.level = (uint8_t)(audio->level < 0 || audio->level > 127 ? 127 : audio->level),
		.voice = audio->voice,
		.send_us = now,
	};
	struct packet packet;
	int header = tc_rtp_write_header(packet.data, TC_RTP_HEADER_MAX, &rtp, &track->ext);
	if (header < 0) {
		return header;
	}
	memcpy(packet.data + header, audio->data, audio->len);
	track->seq++;
	out->audio_packets++;
	count_packet(track, rtp.ts, audio->len, now);
	return tc_peer_transmit(peer, packet.data, (size_t)header + audio->len);
}

void tc_peer_hold(struct tc_peer *peer)
{
	atomic_fetch_add(&peer->senders, 1);
}

void tc_peer_release(struct tc_peer *peer)
{
	atomic_fetch_sub(&peer->senders, 1);
}

int tc_peer_send_audio(struct tc_peer *peer, const struct tc_audio_out *audio)
{
	if (audio->len > TC_OPUS_MAX_PACKET) {
		return -EMSGSIZE;
	}
	tc_peer_hold(peer);
	pthread_mutex_lock(&peer->out.lock);
	int err = send_audio(peer, audio);
	pthread_mutex_unlock(&peer->out.lock);
	tc_peer_release(peer);
	return err;
}

/* The lock is held. A picture id is used up even where the frame is left out: the receiver must
 * see the gap and wait for a key frame, which needs_key then stands for. */
static bool takes_frame(struct tc_peer *peer, const struct tc_video_out *video)
{
	struct peer_out *out = &peer->out;
	out->picture_id++;
	if (!out->open || !out->video.on || out->video_paused) {
		out->needs_key = true;
		return false;
	}
	if (out->needs_key && !video->key) {
		return false;
	}
	out->needs_key = false;
	return true;
}

/* The lock is held. Sends the frame's next piece; 1 while there are more. */
static int send_piece(struct tc_peer *peer, struct tc_vp8_packetizer *pack, struct tc_rtp_out *rtp)
{
	struct peer_out *out = &peer->out;
	struct peer_out_track *track = &out->video;
	struct packet packet;
	uint8_t payload[TC_RTP_MTU];
	bool last = false;
	int n = tc_vp8_packetizer_next(pack, payload, sizeof(payload), &last);
	if (n <= 0) {
		return n;
	}
	int64_t now = peer_now_us(peer);
	rtp->marker = last;
	rtp->seq = track->seq++;
	rtp->send_us = now;
	int header = tc_rtp_write_header(packet.data, TC_RTP_HEADER_MAX, rtp, &track->ext);
	if (header < 0) {
		return header;
	}
	memcpy(packet.data + header, payload, (size_t)n);
	size_t len = (size_t)(header + n);
	tc_nack_push(out->nack, rtp->seq, packet.data, len, now);
	out->video_packets++;
	count_packet(track, rtp->ts, (size_t)n, now);
	int err = tc_peer_transmit(peer, packet.data, len);
	/* A refused packet is one the network lost: the receiver asks for it. */
	return err == -TC_ECRYPTO ? err : !last;
}

static int send_burst(struct tc_peer *peer, struct tc_vp8_packetizer *pack, struct tc_rtp_out *rtp)
{
	int more = 1;
	for (int i = 0; i < BURST_PACKETS && more > 0; i++) {
		more = peer->out.open ? send_piece(peer, pack, rtp) : -ENOTCONN;
	}
	return more;
}

static void begin_frame(struct tc_peer *peer, const struct tc_video_out *video,
			struct tc_vp8_packetizer *pack, struct tc_rtp_out *rtp)
{
	const struct peer_out_track *track = &peer->out.video;
	*rtp = (struct tc_rtp_out){
		.pt = track->pt,
		.ts = track->ts_offset + video->ticks,
		.ssrc = track->ssrc,
		.mid = track->mid,
		.send_us = 1,
		.has_playout_delay = true,
		.playout_min_ms = PLAYOUT_MIN_MS,
		.playout_max_ms = PLAYOUT_MAX_MS,
	};
	uint8_t header[TC_RTP_HEADER_MAX];
	int len = tc_rtp_write_header(header, sizeof(header), rtp, &track->ext);
	size_t room = TC_RTP_MTU - RTX_EXTRA - (size_t)(len > 0 ? len : TC_RTP_HEADER_MAX);
	tc_vp8_packetizer_init(pack, video->data, video->len, peer->out.picture_id, room);
}

static int send_frame(struct tc_peer *peer, const struct tc_video_out *video)
{
	struct tc_vp8_packetizer pack;
	struct tc_rtp_out rtp;
	pthread_mutex_lock(&peer->out.lock);
	int more = takes_frame(peer, video) ? 1 : -ENOTCONN;
	if (more > 0) {
		begin_frame(peer, video, &pack, &rtp);
	}
	while (more > 0) {
		more = send_burst(peer, &pack, &rtp);
		if (more > 0) {
			pthread_mutex_unlock(&peer->out.lock);
			nanosleep(&(struct timespec){.tv_nsec = BURST_GAP_NS}, NULL);
			pthread_mutex_lock(&peer->out.lock);
		}
	}
	pthread_mutex_unlock(&peer->out.lock);
	return more;
}

int tc_peer_send_video(struct tc_peer *peer, const struct tc_video_out *video)
{
	tc_peer_hold(peer);
	int err = send_frame(peer, video);
	tc_peer_release(peer);
	return err;
}

bool tc_peer_takes_video(struct tc_peer *peer)
{
	pthread_mutex_lock(&peer->out.lock);
	bool takes = peer->out.open && peer->out.video.on;
	pthread_mutex_unlock(&peer->out.lock);
	return takes;
}

static int resend(struct tc_peer *peer, const uint8_t *original, size_t len)
{
	struct peer_out_track *track = &peer->out.video;
	struct packet packet;
	int n = (int)len;
	if (track->rtx_pt >= 0) {
		n = tc_rtp_rtx_write(packet.data, TC_RTP_MTU + RTX_EXTRA, original, len,
				     (uint8_t)track->rtx_pt, track->rtx_ssrc, track->rtx_seq++);
	} else {
		memcpy(packet.data, original, len);
	}
	if (n < 0) {
		return n;
	}
	tc_rtp_set_abs_send_time(packet.data, (size_t)n, track->ext.abs_send_time,
				 peer_now_us(peer));
	return tc_peer_transmit(peer, packet.data, (size_t)n);
}

void tc_peer_retransmit(struct tc_peer *peer, const uint16_t *seqs, size_t count)
{
	struct peer_out *out = &peer->out;
	int64_t rtt_us = (int64_t)atomic_load(&peer->count.rtt_ms) * 1000;
	pthread_mutex_lock(&out->lock);
	for (size_t i = 0; i < count && out->open && out->nack; i++) {
		size_t len;
		const uint8_t *packet =
			tc_nack_get(out->nack, seqs[i], peer_now_us(peer), rtt_us, &len, NULL);
		if (packet && resend(peer, packet, len) == 0) {
			out->retransmitted++;
		}
	}
	pthread_mutex_unlock(&out->lock);
}
