// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp_parser.h"

#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/err.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- one function an attribute; it gets its value, "" where there is none ---- */

static struct tc_sdp_transport *transport(struct tc_sdp_parser *ps)
{
	return ps->section ? &ps->section->transport : &ps->session;
}

static void on_ufrag(struct tc_sdp_parser *ps, char *value)
{
	const char *text = tc_sdp_word(&value);
	/* RFC 8839 5.4: 4 to 256 characters; pwd 22 to 256. Shorter ones are theirs to regret. */
	if (*text && strlen(text) < TC_SDP_TOKEN_SIZE) {
		transport(ps)->ufrag = text;
	}
}

static void on_pwd(struct tc_sdp_parser *ps, char *value)
{
	const char *text = tc_sdp_word(&value);
	if (*text && strlen(text) < TC_SDP_TOKEN_SIZE) {
		transport(ps)->pwd = text;
	}
}

static void on_options(struct tc_sdp_parser *ps, char *value)
{
	while (*value) {
		if (strcmp(tc_sdp_word(&value), "trickle") == 0) {
			transport(ps)->trickle = true;
		}
	}
}

static void on_fingerprint(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_transport *tr = transport(ps);
	uint8_t bytes[TC_SDP_FINGERPRINT];
	if (strcasecmp(tc_sdp_word(&value), "sha-256") != 0 || tr->has_fingerprint) {
		return;
	}
	const char *p = tc_sdp_word(&value);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (hex(p[0]) < 0 || hex(p[1]) < 0) {
			return;
		}
		bytes[i] = (uint8_t)(hex(p[0]) << 4 | hex(p[1]));
		p += 2;
		if (*p != (i + 1 < sizeof(bytes) ? ':' : '\0')) {
			return;
		}
		p++;
	}
	memcpy(tr->fingerprint, bytes, sizeof(bytes));
	tr->has_fingerprint = true;
}

static void on_setup(struct tc_sdp_parser *ps, char *value)
{
	static const char *const names[] = {
		[TC_SDP_ACTPASS] = "actpass",
		[TC_SDP_ACTIVE] = "active",
		[TC_SDP_PASSIVE] = "passive",
		[TC_SDP_HOLDCONN] = "holdconn",
	};
	const char *text = tc_sdp_word(&value);
	for (size_t i = TC_SDP_ACTPASS; i < TC_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			transport(ps)->setup = (enum tc_sdp_setup)i;
		}
	}
}

static void on_group(struct tc_sdp_parser *ps, char *value)
{
	if (strcmp(tc_sdp_word(&value), "BUNDLE") == 0 && !ps->bundle) {
		ps->bundle = value;
	}
}

static void on_allow_mixed(struct tc_sdp_parser *ps, char *value)
{
	ps->sdp->extmap_allow_mixed = true;
}

static void on_ice_lite(struct tc_sdp_parser *ps, char *value)
{
	ps->sdp->ice_lite = true;
}

static void set_direction(struct tc_sdp_parser *ps, enum tc_sdp_direction direction)
{
	if (ps->section) {
		ps->section->direction = direction;
	} else {
		ps->session_direction = direction;
	}
}

static void on_sendrecv(struct tc_sdp_parser *ps, char *value)
{
	set_direction(ps, TC_SDP_SENDRECV);
}

static void on_sendonly(struct tc_sdp_parser *ps, char *value)
{
	set_direction(ps, TC_SDP_SENDONLY);
}

static void on_recvonly(struct tc_sdp_parser *ps, char *value)
{
	set_direction(ps, TC_SDP_RECVONLY);
}

static void on_inactive(struct tc_sdp_parser *ps, char *value)
{
	set_direction(ps, TC_SDP_INACTIVE);
}

static void on_mid(struct tc_sdp_parser *ps, char *value)
{
	const char *mid = tc_sdp_word(&value);
	for (size_t i = 0; i < ps->sdp->section_count; i++) {
		const char *other = ps->sdp->sections[i].mid;
		if (other && strcmp(other, mid) == 0) {
			tc_sdp_fail(ps, -TC_EPARSE, "two sections have one mid");
		}
	}
	if (*mid) {
		ps->section->mid = mid;
	}
}

static void on_bundle_only(struct tc_sdp_parser *ps, char *value)
{
	ps->section->bundle_only = true;
}

static void on_rtcp_mux(struct tc_sdp_parser *ps, char *value)
{
	ps->section->rtcp_mux = true;
}

static void on_rtcp_rsize(struct tc_sdp_parser *ps, char *value)
{
	ps->section->rtcp_rsize = true;
}

static void on_end_of_candidates(struct tc_sdp_parser *ps, char *value)
{
	ps->section->end_of_candidates = true;
}

static int small_number(char *value)
{
	int64_t v = tc_sdp_whole_number(tc_sdp_word(&value), 65535);
	return v < 0 ? 0 : (int)v;
}

static void on_ptime(struct tc_sdp_parser *ps, char *value)
{
	ps->section->ptime = small_number(value);
}

static void on_maxptime(struct tc_sdp_parser *ps, char *value)
{
	ps->section->maxptime = small_number(value);
}

static void on_sctp_port(struct tc_sdp_parser *ps, char *value)
{
	ps->section->sctp_port = small_number(value);
}

static void on_msid(struct tc_sdp_parser *ps, char *value)
{
	const char *stream = tc_sdp_word(&value), *track = tc_sdp_word(&value);
	if (*stream) {
		ps->section->msid_stream = stream;
		ps->section->msid_track = *track ? track : NULL;
	}
}

static struct tc_sdp_format *format(struct tc_sdp_parser *ps, int64_t pt)
{
	return (struct tc_sdp_format *)tc_sdp_format_find(ps->section, (int)pt);
}

static void on_rtpmap(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_format *f = format(ps, tc_sdp_whole_number(tc_sdp_word(&value), 127));
	char *name = tc_sdp_word(&value);
	char *slash = strchr(name, '/');
	if (!f || !slash || *f->name) {
		return;
	}
	*slash++ = '\0';
	int64_t rate = tc_sdp_number(&slash, 10000000);
	int64_t channels = 1;
	if (*slash == '/') {
		slash++;
		channels = tc_sdp_number(&slash, 255);
	}
	if (rate > 0 && channels > 0) {
		f->name = name;
		f->rate = (int)rate;
		f->channels = (int)channels;
	}
}

static void on_fmtp(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_format *f = format(ps, tc_sdp_whole_number(tc_sdp_word(&value), 127));
	if (!f) {
		return;
	}
	f->fmtp = value;
	for (char *p = value; p; p = strchr(p, ';')) {
		p += strspn(p, "; \t");
		if (strncasecmp(p, "apt=", 4) == 0) {
			p += 4;
			f->apt = (int)tc_sdp_number(&p, 127);
		}
	}
}

static void on_rtcp_fb(struct tc_sdp_parser *ps, char *value)
{
	static const struct {
		const char *type, *parameter;
		unsigned bit;
	} known[] = {
		{"nack", "", TC_SDP_FB_NACK},
		{"nack", "pli", TC_SDP_FB_PLI},
		{"ccm", "fir", TC_SDP_FB_FIR},
		{"goog-remb", "", TC_SDP_FB_REMB},
	};
	char *pt = tc_sdp_word(&value);
	const char *type = tc_sdp_word(&value), *parameter = tc_sdp_word(&value);
	unsigned bit = 0;
	for (size_t i = 0; i < TC_COUNT(known); i++) {
		if (strcmp(type, known[i].type) == 0 &&
		    strcmp(parameter, known[i].parameter) == 0) {
			bit = known[i].bit;
		}
	}
	if (strcmp(pt, "*") == 0) {
		for (size_t i = 0; i < ps->section->format_count; i++) {
			ps->section->formats[i].feedback |= bit;
		}
		return;
	}
	struct tc_sdp_format *f = format(ps, tc_sdp_whole_number(pt, 127));
	if (f) {
		f->feedback |= bit;
	}
}

static void on_extmap(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	char *id_word = tc_sdp_word(&value);
	const char *uri = tc_sdp_word(&value);
	int64_t id = tc_sdp_number(&id_word, 255);
	if (id < 1 || id == 15 || !*uri || s->extmap_count == TC_SDP_MAX_EXTMAPS) {
		return;
	}
	enum tc_sdp_direction direction = TC_SDP_SENDRECV;
	for (int d = TC_SDP_INACTIVE; *id_word == '/' && d <= TC_SDP_SENDRECV; d++) {
		if (strcmp(id_word + 1, tc_sdp_direction_str((enum tc_sdp_direction)d)) == 0) {
			direction = (enum tc_sdp_direction)d;
		}
	}
	s->extmaps[s->extmap_count++] =
		(struct tc_sdp_extmap){.id = (int)id, .direction = direction, .uri = uri};
}

static void on_ssrc(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	int64_t ssrc = tc_sdp_whole_number(tc_sdp_word(&value), UINT32_MAX);
	const char *cname = strncmp(value, "cname:", 6) == 0 ? value + 6 : NULL;
	if (ssrc < 0) {
		return;
	}
	for (size_t i = 0; i < s->source_count; i++) {
		if (s->sources[i].ssrc == ssrc) {
			s->sources[i].cname = cname ? cname : s->sources[i].cname;
			return;
		}
	}
	if (s->source_count < TC_SDP_MAX_SOURCES) {
		s->sources[s->source_count++] =
			(struct tc_sdp_source){.ssrc = (uint32_t)ssrc, .cname = cname};
	}
}

static void on_ssrc_group(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	if (strcmp(tc_sdp_word(&value), "FID") != 0 || s->pair_count == TC_SDP_MAX_PAIRS) {
		return;
	}
	int64_t primary = tc_sdp_whole_number(tc_sdp_word(&value), UINT32_MAX);
	int64_t rtx = tc_sdp_whole_number(tc_sdp_word(&value), UINT32_MAX);
	if (primary >= 0 && rtx >= 0) {
		s->pairs[s->pair_count].primary = (uint32_t)primary;
		s->pairs[s->pair_count++].rtx = (uint32_t)rtx;
	}
}

static void on_candidate(struct tc_sdp_parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	/* More than fit are dropped: the ones named first have the best priority. */
	if (s->candidate_count < TC_SDP_MAX_CANDIDATES) {
		s->candidates[s->candidate_count++] = value - strlen("candidate:");
	}
}

static const struct attribute {
	const char *name;
	void (*session)(struct tc_sdp_parser *ps, char *value); /* NULL: means nothing there */
	void (*section)(struct tc_sdp_parser *ps, char *value);
} attributes[] = {
	{"ice-ufrag", on_ufrag, on_ufrag},
	{"ice-pwd", on_pwd, on_pwd},
	{"ice-options", on_options, on_options},
	{"ice-lite", on_ice_lite, NULL},
	{"fingerprint", on_fingerprint, on_fingerprint},
	{"setup", on_setup, on_setup},
	{"group", on_group, NULL},
	{"extmap-allow-mixed", on_allow_mixed, on_allow_mixed},
	{"sendrecv", on_sendrecv, on_sendrecv},
	{"sendonly", on_sendonly, on_sendonly},
	{"recvonly", on_recvonly, on_recvonly},
	{"inactive", on_inactive, on_inactive},
	{"mid", NULL, on_mid},
	{"bundle-only", NULL, on_bundle_only},
	{"rtcp-mux", NULL, on_rtcp_mux},
	{"rtcp-rsize", NULL, on_rtcp_rsize},
	{"rtpmap", NULL, on_rtpmap},
	{"fmtp", NULL, on_fmtp},
	{"rtcp-fb", NULL, on_rtcp_fb},
	{"extmap", NULL, on_extmap},
	{"ssrc", NULL, on_ssrc},
	{"ssrc-group", NULL, on_ssrc_group},
	{"msid", NULL, on_msid},
	{"ptime", NULL, on_ptime},
	{"maxptime", NULL, on_maxptime},
	{"sctp-port", NULL, on_sctp_port},
	{"candidate", NULL, on_candidate},
	{"end-of-candidates", NULL, on_end_of_candidates},
};

void tc_sdp_parse_attribute(struct tc_sdp_parser *ps, char *text)
{
	size_t len = strcspn(text, ":");
	for (size_t i = 0; i < TC_COUNT(attributes); i++) {
		const struct attribute *a = &attributes[i];
		if (strlen(a->name) == len && strncmp(a->name, text, len) == 0) {
			char *value = text + len + (text[len] == ':');
			if (ps->section && a->section) {
				a->section(ps, value);
			} else if (!ps->section && a->session) {
				a->session(ps, value);
			}
			return;
		}
	}
}
