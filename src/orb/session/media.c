// SPDX-License-Identifier: Apache-2.0
/* What a session sends and receives with: the way out, the sound, the picture. */
#include "orb/session/session_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "orb/ice_urls.h"

TC_LOG_TOPIC("orb.session");

/* People on the server's own machine; elsewhere the candidate fails and costs nothing. */
static bool is_local(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

/* A server that cannot be used is no reason to stay away: most calls need none. */
static int create_rtc(struct tc_session *s)
{
	const struct tc_orb_args *args = s->args;
	char stun[TC_ICE_URL_HOST] = "", turn[TC_ICE_URL_HOST] = "";
	const char *host = args->cpu_host       ? args->cpu_host
			   : args->env_cpu_host ? args->env_cpu_host
						: "";
	bool has_stun = tc_ice_url_first(args->stun_urls, "stun:", stun, sizeof(stun));
	bool has_turn = tc_ice_url_first(args->turn_urls, "turn:", turn, sizeof(turn));
	struct tc_rtc_config rtc = {
		.loop = s->loop,
		.clock = s->clock,
		.bind_address = args->bind_address,
		.loopback = is_local(host),
		.stun_server = has_stun ? stun : NULL,
		.turn_server = has_turn ? turn : NULL,
		.turn_user = args->turn_username,
		.turn_password = args->turn_password,
		.relay_only = args->relay_only,
	};
	int err = tc_rtc_create(&s->rtc, &rtc);
	if (err == -EINVAL && (has_stun || has_turn)) {
		TC_WARN(s->tag, "STUN_URLS or TURN_URLS: %s %s is no host[:port]; going on without",
			stun, turn);
		rtc.stun_server = rtc.turn_server = NULL;
		err = tc_rtc_create(&s->rtc, &rtc);
	}
	return err;
}

int tc_media_create(struct tc_session *s)
{
	int err = create_rtc(s);
	if (!err) {
		err = tc_roster_create(&s->roster);
	}
	if (!err) { /* before the first thread: see painter.h */
		struct tc_painter_config painter = {.roster = s->roster,
						    .clock = s->clock,
						    .epoch_us = s->began_us,
						    .pulse = &s->pulses[TC_WORKER_VIDEO],
						    .seed = (uint32_t)s->began_us};
		err = tc_painter_create(&s->painter, &painter);
	}
	if (!err) {
		struct tc_speaker_config speaker = {.roster = s->roster,
						    .clock = s->clock,
						    .epoch_us = s->began_us,
						    .pulse = &s->pulses[TC_WORKER_AUDIO]};
		err = tc_speaker_create(&s->speaker, &speaker, &tc_session_speaker_events, s);
		s->voice_out = s->speaker;
	}
	if (!err) {
		err = tc_painter_start(s->painter, s->speaker);
	}
	return err;
}
