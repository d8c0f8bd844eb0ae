// SPDX-License-Identifier: Apache-2.0
/* Descriptions from anywhere: what can be read and agreed on gives an answer we can read again,
 * with the same sections in the same places. */
#include "rtc/sdp.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct tc_sdp *offer, const struct tc_sdp_policy *policy)
{
	static const uint8_t fingerprint[TC_SDP_FINGERPRINT];
	const struct tc_sdp_local local = {
		.ufrag = "abcd",
		.pwd = "0123456789012345678901",
		.fingerprint = fingerprint,
		.stream_id = "orb",
		.audio_ssrc = 1,
		.video_ssrc = 2,
		.rtx_ssrc = 3,
	};
	struct tc_sdp_agreement agreement;
	const char *why = NULL;
	if (tc_sdp_negotiate(offer, policy, &agreement, &why) < 0) {
		TC_ASSERT(why);
		return;
	}
	struct tc_buf buf;
	tc_buf_init(&buf);
	TC_ASSERT(tc_sdp_write_answer(&buf, offer, &agreement, &local) == 0);
	const char *text = tc_buf_str(&buf);
	struct tc_sdp *answer = NULL;
	if (strlen(text) <= TC_SDP_MAX_SIZE) {
		TC_ASSERT(tc_sdp_parse(&answer, text, &why) == 0);
		TC_ASSERT(answer->section_count == offer->section_count);
		for (size_t i = 0; i < offer->section_count; i++) {
			TC_ASSERT(answer->sections[i].kind == offer->sections[i].kind);
			TC_ASSERT(!answer->sections[i].mid == !offer->sections[i].mid);
		}
		tc_sdp_accept(answer, &(struct tc_sdp_offer_plan){.receive_video = true},
			      &agreement, &why);
	}
	tc_sdp_destroy(answer);
	tc_buf_finish(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text) {
		return 0;
	}
	if (size) {
		memcpy(text, data, size);
	}
	text[size] = '\0';
	struct tc_sdp *sdp = NULL;
	const char *why = NULL;
	if (tc_sdp_parse(&sdp, text, &why) == 0) {
		check_answer(sdp, &(struct tc_sdp_policy){0});
		check_answer(sdp, &(struct tc_sdp_policy){.passive = true, .receive_video = true});
		struct tc_sdp_agreement agreement;
		tc_sdp_accept(sdp, &(struct tc_sdp_offer_plan){.send_video = true}, &agreement,
			      &why);
	}
	tc_sdp_destroy(sdp);
	free(text);
	return 0;
}
