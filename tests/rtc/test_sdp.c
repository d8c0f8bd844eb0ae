// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp.h"

#include <setjmp.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

static const uint8_t our_fingerprint[TC_SDP_FINGERPRINT] = {0xab, 0xcd, 1, 2, 3};
static const struct tc_sdp_local local = {
	.session_id = 4242,
	.session_version = 1,
	.ufrag = "ourU",
	.pwd = "ourPasswordOf22CharsOrMore",
	.fingerprint = our_fingerprint,
	.stream_id = "orb",
	.audio_ssrc = 1001,
	.video_ssrc = 2002,
	.rtx_ssrc = 3003,
	.candidates = "a=candidate:1 1 UDP 2015363327 192.0.2.9 40000 typ host\r\n",
};

static char *read_sdp(const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s.sdp", SDP_DIR, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *text = calloc(1, TC_SDP_MAX_SIZE);
	assert_true(fread(text, 1, TC_SDP_MAX_SIZE - 1, file) > 0);
	fclose(file);
	return text;
}

static struct tc_sdp *parse(const char *text)
{
	struct tc_sdp *sdp = NULL;
	const char *why = NULL;
	assert_int_equal(tc_sdp_parse(&sdp, text, &why), 0);
	return sdp;
}

static struct tc_sdp *load(const char *name)
{
	char *text = read_sdp(name);
	struct tc_sdp *sdp = parse(text);
	free(text);
	return sdp;
}

struct answered {
	struct tc_sdp *offer, *answer;
	struct tc_sdp_agreement agreement;
	char *text;
};

static void answer_with(struct answered *a, const char *name, const struct tc_sdp_policy *policy)
{
	const char *why = NULL;
	struct tc_buf buf;
	tc_buf_init(&buf);
	a->offer = load(name);
	assert_int_equal(tc_sdp_negotiate(a->offer, policy, &a->agreement, &why), 0);
	assert_int_equal(tc_sdp_write_answer(&buf, a->offer, &a->agreement, &local), 0);
	a->text = tc_buf_take_str(&buf);
	a->answer = parse(a->text);
	/* What holds for any answer: same sections, same order, same mids, same protocol. */
	assert_int_equal(a->answer->section_count, a->offer->section_count);
	for (size_t i = 0; i < a->offer->section_count; i++) {
		const struct tc_sdp_section *o = &a->offer->sections[i];
		const struct tc_sdp_section *n = &a->answer->sections[i];
		assert_string_equal(n->media, o->media);
		assert_string_equal(n->proto, o->proto);
		assert_string_equal(n->mid, o->mid);
		bool ours = a->agreement.audio.section == (int)i ||
			    a->agreement.video.section == (int)i;
		assert_int_equal(n->port, ours ? 9 : 0);
		assert_int_equal(n->bundled, ours);
		if (!ours) {
			assert_string_equal(n->fmts, o->fmts);
		}
	}
}

static void answer(struct answered *a, const char *name)
{
	answer_with(a, name, &(struct tc_sdp_policy){0});
}

static void done(struct answered *a)
{
	tc_sdp_destroy(a->offer);
	tc_sdp_destroy(a->answer);
	free(a->text);
}

static void chromium_with_mic_and_camera_gets_sound_both_ways_and_a_picture(void **state)
{
	struct answered a;
	answer(&a, "chromium-mic-cam");
	assert_int_equal(a.offer->section_count, 2);
	assert_string_equal(a.agreement.ufrag, "Pb0f");
	assert_string_equal(a.agreement.pwd, "5ay0uOGCkFR5QcOFOPDUM0GR");
	assert_int_equal(a.agreement.fingerprint[0], 0x79);
	assert_int_equal(a.agreement.fingerprint[31], 0x85);
	assert_true(a.agreement.dtls_client);
	assert_true(a.agreement.peer_trickles);
	assert_string_equal(a.agreement.transport_mid, "0");
	assert_int_equal(a.agreement.audio.pt, 111);
	assert_int_equal(a.agreement.audio.ext.level, 1);
	assert_int_equal(a.agreement.audio.ext.mid, 4);
	assert_int_equal(a.agreement.audio.ext.abs_send_time, 0);
	assert_int_equal(a.agreement.audio.remote_ssrc, 2288418732u);
	assert_true(a.agreement.audio.send && a.agreement.audio.receive);
	assert_int_equal(a.agreement.video.pt, 96);
	assert_int_equal(a.agreement.video.rtx_pt, 97);
	assert_int_equal(a.agreement.video.ext.abs_send_time, 2);
	assert_int_equal(a.agreement.video.ext.playout_delay, 5);
	assert_true(a.agreement.video.send && !a.agreement.video.receive);
	assert_int_equal(a.offer->sections[0].candidate_count, 8);
	assert_memory_equal(a.offer->sections[0].candidates[0], "candidate:593478892 1 udp", 25);

	assert_int_equal(a.answer->sections[0].direction, TC_SDP_SENDRECV);
	assert_int_equal(a.answer->sections[1].direction, TC_SDP_SENDONLY);
	assert_int_equal(a.answer->sections[0].transport.setup, TC_SDP_ACTIVE);
	assert_int_equal(a.answer->sections[0].ptime, 20);
	assert_int_equal(a.answer->sections[0].candidate_count, 1);
	assert_int_equal(a.answer->sections[1].candidate_count, 0);
	assert_int_equal(a.answer->sections[1].formats[0].feedback,
			 TC_SDP_FB_NACK | TC_SDP_FB_PLI | TC_SDP_FB_FIR | TC_SDP_FB_REMB);
	assert_int_equal(a.answer->sections[0].formats[0].feedback, 0);
	assert_int_equal(a.answer->sections[1].pairs[0].primary, 2002);
	assert_int_equal(a.answer->sections[1].pairs[0].rtx, 3003);
	assert_string_equal(a.answer->sections[0].sources[0].cname, "orb");
	assert_string_equal(a.answer->sections[1].msid_stream, "orb");
	assert_non_null(strstr(a.text, "a=fmtp:111 minptime=10;useinbandfec=1\r\n"));
	assert_non_null(strstr(a.text, "a=maxptime:20\r\n"));
	assert_non_null(strstr(a.text, "a=extmap-allow-mixed\r\n"));
	assert_non_null(strstr(a.text, "a=group:BUNDLE 0 1\r\n"));
	assert_null(strstr(a.text, "transport-cc"));
	done(&a);
}

static void a_page_without_devices_is_answered_sendonly(void **state)
{
	static const char *const names[] = {"chromium-recvonly", "chromium-offer-to-receive"};
	for (size_t i = 0; i < 2; i++) {
		struct answered a;
		answer(&a, names[i]);
		assert_int_equal(a.answer->sections[0].direction, TC_SDP_SENDONLY);
		assert_int_equal(a.answer->sections[1].direction, TC_SDP_SENDONLY);
		assert_true(a.agreement.audio.send && !a.agreement.audio.receive);
		done(&a);
	}
}

static void only_a_microphone_gives_only_sound(void **state)
{
	struct answered a;
	answer(&a, "chromium-mic-only");
	assert_int_equal(a.answer->section_count, 1);
	assert_int_equal(a.agreement.video.section, -1);
	assert_int_equal(a.answer->sections[0].direction, TC_SDP_SENDRECV);
	done(&a);
}

static void a_data_channel_is_refused_in_its_own_words(void **state)
{
	struct answered a;
	answer(&a, "chromium-data-first");
	assert_int_equal(a.agreement.audio.section, 1);
	assert_string_equal(a.agreement.transport_mid, a.offer->sections[1].mid);
	assert_non_null(strstr(a.text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
	assert_int_equal(a.offer->sections[0].sctp_port, 5000);
	assert_int_equal(a.answer->sections[1].candidate_count, 1);
	done(&a);
}

static void of_two_videos_the_one_that_wants_a_picture_is_taken(void **state)
{
	struct answered a;
	answer(&a, "chromium-two-videos");
	assert_int_equal(a.agreement.video.section, 2);
	assert_int_equal(a.answer->sections[1].port, 0);
	assert_int_equal(a.answer->sections[2].direction, TC_SDP_SENDONLY);
	done(&a);
}

static void the_first_taken_section_carries_the_transport(void **state)
{
	struct answered a;
	answer(&a, "chromium-video-first");
	assert_int_equal(a.agreement.transport_section, 0);
	assert_int_equal(a.agreement.video.section, 0);
	assert_int_equal(a.answer->sections[0].candidate_count, 1);
	done(&a);
	answer(&a, "chromium-max-bundle");
	done(&a);
}

static void an_ice_restart_changes_credentials_and_nothing_else(void **state)
{
	struct answered first, again;
	answer(&first, "chromium-restart-1-first");
	answer(&again, "chromium-restart-2-ice");
	assert_string_not_equal(first.agreement.ufrag, again.agreement.ufrag);
	assert_memory_equal(first.agreement.fingerprint, again.agreement.fingerprint, 32);
	assert_int_equal(first.agreement.video.pt, again.agreement.video.pt);
	assert_string_equal(first.agreement.video.mid, again.agreement.video.mid);
	assert_memory_equal(&first.agreement.audio.ext, &again.agreement.audio.ext,
			    sizeof(first.agreement.audio.ext));
	done(&first);
	done(&again);
}

static void a_stopped_section_stays_refused_and_a_later_one_is_taken(void **state)
{
	struct answered a;
	answer(&a, "chromium-restart-3-stopped-added");
	assert_int_equal(a.agreement.video.section, 2);
	/* Their camera alone: we neither send nor take a picture. */
	assert_int_equal(a.answer->sections[2].direction, TC_SDP_INACTIVE);
	assert_non_null(strstr(a.text, "a=group:BUNDLE 0 2\r\n"));
	done(&a);
}

static void firefox_is_understood(void **state)
{
	struct answered a;
	answer(&a, "firefox-mic-cam");
	assert_int_equal(a.agreement.fingerprint[0], 0x9e);
	assert_int_equal(a.agreement.audio.pt, 109);
	assert_int_equal(a.agreement.video.pt, 120);
	assert_int_equal(a.agreement.video.rtx_pt, 124);
	assert_int_equal(a.agreement.video.ext.playout_delay, 6);
	assert_true(a.agreement.peer_trickles);
	/* Port 0 with bundle-only is an offer, not a refusal. */
	assert_int_equal(a.answer->sections[1].direction, TC_SDP_SENDONLY);
	assert_int_equal(a.answer->sections[2].port, 0);
	assert_non_null(strstr(a.text, "a=extmap:6/sendonly http://www.webrtc.org"));
	assert_null(strstr(a.text, "allow-mixed"));
	done(&a);
}

static void safari_is_understood_though_vp8_is_not_its_first_choice(void **state)
{
	struct answered a;
	answer(&a, "safari-mic-cam");
	assert_int_equal(a.agreement.video.pt, 100);
	assert_int_equal(a.agreement.video.rtx_pt, 101);
	assert_non_null(strstr(a.text, "m=video 9 UDP/TLS/RTP/SAVPF 100 101\r\n"));
	done(&a);
}

static void an_offer_with_nothing_for_us_says_why(void **state)
{
	static const char *const names[] = {"chromium-nothing", "chromium-data-only"};
	for (size_t i = 0; i < 2; i++) {
		struct tc_sdp *offer = load(names[i]);
		struct tc_sdp_agreement agreement;
		const char *why = NULL;
		assert_int_equal(
			tc_sdp_negotiate(offer, &(struct tc_sdp_policy){0}, &agreement, &why),
			-EINVAL);
		assert_non_null(strstr(why, "section"));
		tc_sdp_destroy(offer);
	}
}

static void policies_are_kept(void **state)
{
	struct answered a;
	answer_with(&a, "chromium-mic-cam",
		    &(struct tc_sdp_policy){.receive_video = true, .passive = true});
	assert_int_equal(a.answer->sections[1].direction, TC_SDP_SENDRECV);
	assert_int_equal(a.answer->sections[0].transport.setup, TC_SDP_PASSIVE);
	assert_false(a.agreement.dtls_client);
	done(&a);
	answer_with(&a, "chromium-mic-cam",
		    &(struct tc_sdp_policy){.receive_video = true, .no_video_send = true});
	assert_int_equal(a.answer->sections[1].direction, TC_SDP_RECVONLY);
	assert_null(a.answer->sections[1].msid_stream);
	done(&a);
	answer_with(&a, "chromium-mic-cam", &(struct tc_sdp_policy){.no_video = true});
	assert_int_equal(a.agreement.video.section, -1);
	done(&a);
}

/* Replaces the first `from` of a recorded offer by `to` and negotiates. */
static int negotiate_edited(const char *from, const char *to, struct tc_sdp_agreement *out,
			    const char **why)
{
	char *text = read_sdp("chromium-mic-only"), *at = strstr(text, from);
	assert_non_null(at);
	char edited[TC_SDP_MAX_SIZE];
	snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	free(text);
	struct tc_sdp *offer = NULL;
	int err = tc_sdp_parse(&offer, edited, why);
	if (!err) {
		err = tc_sdp_negotiate(offer, &(struct tc_sdp_policy){0}, out, why);
	}
	tc_sdp_destroy(offer);
	return err;
}

static void what_we_cannot_do_is_refused_with_a_reason(void **state)
{
	struct tc_sdp_agreement ag;
	const char *why = NULL;
	assert_int_equal(negotiate_edited("a=rtcp-mux\r\n", "", &ag, &why), -EINVAL);
	assert_string_equal(why, "the section has no rtcp-mux");
	assert_int_equal(negotiate_edited("a=ice-ufrag", "a=ice-ufrog", &ag, &why), -EINVAL);
	assert_string_equal(why, "it has no ICE credentials");
	assert_int_equal(negotiate_edited("sha-256", "sha-1", &ag, &why), -EINVAL);
	assert_string_equal(why, "it has no SHA-256 fingerprint");
	assert_int_equal(negotiate_edited("sha-256 ", "sha-256 XX", &ag, &why), -EINVAL);
	assert_int_equal(negotiate_edited("opus", "speex", &ag, &why), -EINVAL);
	assert_string_equal(why, "it offers no codec of ours");
	assert_int_equal(negotiate_edited("UDP/TLS/RTP/SAVPF", "RTP/AVP", &ag, &why), -EINVAL);
	assert_int_equal(negotiate_edited("a=mid:0", "a=mid:12345678901234567", &ag, &why),
			 -EINVAL);
	assert_int_equal(negotiate_edited("v=0", "v=1", &ag, &why), -TC_EPARSE);
	assert_int_equal(negotiate_edited("m=audio 9", "m=audio nine", &ag, &why), -TC_EPARSE);
}

static void who_begins_dtls_is_as_the_offer_demands(void **state)
{
	struct tc_sdp_agreement ag;
	const char *why = NULL;
	assert_int_equal(negotiate_edited("setup:actpass", "setup:active", &ag, &why), 0);
	assert_false(ag.dtls_client);
	assert_int_equal(negotiate_edited("setup:actpass", "setup:passive", &ag, &why), 0);
	assert_true(ag.dtls_client);
}

static void directions_are_mirrored(void **state)
{
	struct tc_sdp_agreement ag;
	const char *why = NULL;
	assert_int_equal(negotiate_edited("a=sendrecv", "a=inactive", &ag, &why), 0);
	assert_true(!ag.audio.send && !ag.audio.receive);
	assert_int_equal(negotiate_edited("a=sendrecv", "a=sendonly", &ag, &why), 0);
	assert_true(!ag.audio.send && ag.audio.receive);
}

static void line_ends_and_unknown_lines_do_not_matter(void **state)
{
	char *text = read_sdp("chromium-mic-cam");
	char *plain = calloc(1, TC_SDP_MAX_SIZE), *to = plain;
	for (const char *p = text; *p; p++) {
		if (*p != '\r') {
			*to++ = *p;
		}
		if (*p == '\n') {
			to = stpcpy(to, "x-odd line\n\na=unknown\na=:\nz=1\n");
		}
	}
	struct tc_sdp *a = parse(text), *b = parse(plain);
	assert_int_equal(a->section_count, b->section_count);
	assert_int_equal(a->sections[1].format_count, b->sections[1].format_count);
	assert_string_equal(a->sections[1].transport.pwd, b->sections[1].transport.pwd);
	tc_sdp_destroy(a);
	tc_sdp_destroy(b);
	free(text);
	free(plain);
}

static void a_fingerprint_may_be_in_any_letter_case(void **state)
{
	char *text = read_sdp("chromium-mic-cam");
	for (char *p = strstr(text, "a=fingerprint:"); p; p = strstr(p + 1, "a=fingerprint:")) {
		for (char *c = p + strlen("a=fingerprint:sha-256 "); *c != '\r' && *c != '\n';
		     c++) {
			*c = (char)tolower(*c);
		}
		memcpy(p + strlen("a=fingerprint:"), "SHA-256", strlen("SHA-256"));
	}
	struct tc_sdp *offer = parse(text);
	struct tc_sdp_agreement agreement;
	const char *why = NULL;
	assert_int_equal(tc_sdp_negotiate(offer, &(struct tc_sdp_policy){0}, &agreement, &why), 0);
	assert_int_equal(agreement.fingerprint[0], 0x79);
	assert_int_equal(agreement.fingerprint[31], 0x85);
	tc_sdp_destroy(offer);
	free(text);
}

static void without_bundle_only_one_section_is_taken(void **state)
{
	char *text = read_sdp("chromium-mic-cam");
	memcpy(strstr(text, "a=group:BUNDLE"), "a=group:BANDLE", 14);
	struct tc_sdp *offer = parse(text);
	struct tc_sdp_agreement ag;
	const char *why = NULL;
	assert_int_equal(tc_sdp_negotiate(offer, &(struct tc_sdp_policy){0}, &ag, &why), 0);
	assert_int_equal(ag.audio.section, 0);
	assert_int_equal(ag.video.section, -1);
	tc_sdp_destroy(offer);
	free(text);
}

static void bounds_hold(void **state)
{
	struct tc_sdp *sdp = NULL;
	const char *why = NULL;
	char *big = malloc(TC_SDP_MAX_SIZE + 2);
	memset(big, 'a', TC_SDP_MAX_SIZE + 1);
	big[TC_SDP_MAX_SIZE + 1] = '\0';
	memcpy(big, "v=0\n", 4);
	assert_int_equal(tc_sdp_parse(&sdp, big, &why), -TC_ELIMIT);

	char *p = big + sprintf(big, "v=0\n");
	for (int i = 0; i <= TC_SDP_MAX_SECTIONS; i++) {
		p += sprintf(p, "m=audio 9 RTP/SAVPF 0\n");
	}
	assert_int_equal(tc_sdp_parse(&sdp, big, &why), -TC_ELIMIT);

	p = big + sprintf(big, "v=0\nm=video 9 RTP/SAVPF");
	for (int i = 0; i < 300; i++) {
		p += sprintf(p, " %d", i % 128);
	}
	for (int i = 0; i < 100; i++) {
		p += sprintf(p,
			     "\na=ssrc:%d cname:x\na=extmap:3 u\na=candidate:1\n"
			     "a=ssrc-group:FID 1 2",
			     i);
	}
	sdp = parse(big);
	assert_int_equal(sdp->sections[0].format_count, TC_SDP_MAX_FORMATS);
	assert_int_equal(sdp->sections[0].source_count, TC_SDP_MAX_SOURCES);
	assert_int_equal(sdp->sections[0].extmap_count, TC_SDP_MAX_EXTMAPS);
	assert_int_equal(sdp->sections[0].candidate_count, TC_SDP_MAX_CANDIDATES);
	assert_int_equal(sdp->sections[0].pair_count, TC_SDP_MAX_PAIRS);
	tc_sdp_destroy(sdp);
	assert_int_equal(
		tc_sdp_parse(&sdp, "v=0\nm=audio 9 A 0\na=mid:x\nm=audio 9 A 0\na=mid:x\n", &why),
		-TC_EPARSE);
	free(big);
}

static void our_offer_and_our_answer_agree(void **state)
{
	const struct tc_sdp_offer_plan plan = {.receive_video = true};
	struct tc_sdp_agreement answerer, offerer;
	const char *why = NULL;
	struct tc_buf buf;
	tc_buf_init(&buf);
	assert_int_equal(tc_sdp_write_offer(&buf, &plan, &local), 0);
	struct tc_sdp *offer = parse(tc_buf_str(&buf));
	assert_int_equal(offer->sections[1].direction, TC_SDP_RECVONLY);
	assert_int_equal(tc_sdp_negotiate(offer, &(struct tc_sdp_policy){0}, &answerer, &why), 0);
	tc_buf_reset(&buf);
	assert_int_equal(tc_sdp_write_answer(&buf, offer, &answerer, &local), 0);
	struct tc_sdp *reply = parse(tc_buf_str(&buf));
	assert_int_equal(tc_sdp_accept(reply, &plan, &offerer, &why), 0);
	assert_true(answerer.dtls_client && !offerer.dtls_client);
	assert_true(answerer.video.send && !answerer.video.receive);
	assert_true(!offerer.video.send && offerer.video.receive);
	assert_true(offerer.audio.send && offerer.audio.receive);
	assert_int_equal(offerer.video.pt, answerer.video.pt);
	assert_int_equal(offerer.video.remote_ssrc, 2002);
	assert_int_equal(offerer.video.remote_rtx_ssrc, 3003);
	assert_memory_equal(&offerer.video.ext, &answerer.video.ext, sizeof(offerer.video.ext));
	assert_memory_equal(offerer.fingerprint, our_fingerprint, TC_SDP_FINGERPRINT);

	const struct tc_sdp_offer_plan other = {0};
	assert_int_equal(tc_sdp_accept(reply, &other, &offerer, &why), -EINVAL);
	tc_sdp_destroy(reply);
	tc_sdp_destroy(offer);
	tc_buf_finish(&buf);
}

static void chromiums_answer_to_an_offer_is_accepted(void **state)
{
	struct tc_sdp *reply = load("chromium-answer");
	const struct tc_sdp_offer_plan plan = {.send_video = true, .receive_video = true};
	struct tc_sdp_agreement ag;
	const char *why = NULL;
	assert_int_equal(tc_sdp_accept(reply, &plan, &ag, &why), 0);
	assert_true(ag.audio.send && !ag.audio.receive);
	assert_true(ag.video.send && !ag.video.receive);
	assert_false(ag.dtls_client);
	tc_sdp_destroy(reply);
}

static void missing_facts_write_nothing(void **state)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	const struct tc_sdp_offer_plan plan = {0};
	assert_int_equal(tc_sdp_write_offer(&buf, &plan, &(struct tc_sdp_local){0}), -EINVAL);
	assert_int_equal(buf.len, 0);
	tc_buf_finish(&buf);
}

static void failed_allocation_leaves_nothing_behind(void **state)
{
	char *text = read_sdp("chromium-mic-cam");
	int succeeded = 0;
	TC_OOM_LOOP(n)
	{
		struct tc_sdp *sdp = NULL;
		const char *why = NULL;
		struct tc_sdp_agreement ag;
		int err = tc_sdp_parse(&sdp, text, &why);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_null(sdp);
			continue;
		}
		struct tc_buf buf;
		tc_buf_init(&buf);
		assert_int_equal(tc_sdp_negotiate(sdp, &(struct tc_sdp_policy){0}, &ag, &why), 0);
		err = tc_sdp_write_answer(&buf, sdp, &ag, &local);
		assert_true(err == 0 || err == -ENOMEM);
		succeeded += err == 0;
		tc_buf_finish(&buf);
		tc_sdp_destroy(sdp);
	}
	assert_int_equal(succeeded, 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chromium_with_mic_and_camera_gets_sound_both_ways_and_a_picture),
		cmocka_unit_test(a_page_without_devices_is_answered_sendonly),
		cmocka_unit_test(only_a_microphone_gives_only_sound),
		cmocka_unit_test(a_data_channel_is_refused_in_its_own_words),
		cmocka_unit_test(of_two_videos_the_one_that_wants_a_picture_is_taken),
		cmocka_unit_test(the_first_taken_section_carries_the_transport),
		cmocka_unit_test(an_ice_restart_changes_credentials_and_nothing_else),
		cmocka_unit_test(a_stopped_section_stays_refused_and_a_later_one_is_taken),
		cmocka_unit_test(firefox_is_understood),
		cmocka_unit_test(safari_is_understood_though_vp8_is_not_its_first_choice),
		cmocka_unit_test(an_offer_with_nothing_for_us_says_why),
		cmocka_unit_test(policies_are_kept),
		cmocka_unit_test(what_we_cannot_do_is_refused_with_a_reason),
		cmocka_unit_test(who_begins_dtls_is_as_the_offer_demands),
		cmocka_unit_test(directions_are_mirrored),
		cmocka_unit_test(line_ends_and_unknown_lines_do_not_matter),
		cmocka_unit_test(a_fingerprint_may_be_in_any_letter_case),
		cmocka_unit_test(without_bundle_only_one_section_is_taken),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(our_offer_and_our_answer_agree),
		cmocka_unit_test(chromiums_answer_to_an_offer_is_accepted),
		cmocka_unit_test(missing_facts_write_nothing),
		cmocka_unit_test(failed_allocation_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
