// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/err.h"

struct parser {
	struct tc_sdp *sdp;
	struct tc_sdp_section *section;  /* NULL: still in the session part */
	struct tc_sdp_transport session; /* defaults of the sections */
	enum tc_sdp_direction session_direction;
	char *bundle; /* "0 1 2", of the first BUNDLE group; NULL: none */
	int err;
	const char *why;
};

static void fail(struct parser *ps, int err, const char *why)
{
	if (!ps->err) {
		ps->err = err;
		ps->why = why;
	}
}

/* ---- words and numbers ---- */

/* Cuts the next word off at a space; "" at the end. */
static char *word(char **at)
{
	while (**at == ' ' || **at == '\t') {
		(*at)++;
	}
	char *start = *at;
	*at += strcspn(*at, " \t");
	if (**at) {
		*(*at)++ = '\0';
	}
	return start;
}

/* The leading digits of *at, at most max; -1: no digits, or more than max. Moves *at behind them.
 */
static int64_t number(char **at, int64_t max)
{
	int64_t v = 0;
	char *p = *at;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > max) {
			return -1;
		}
	}
	if (p == *at) {
		return -1;
	}
	*at = p;
	return v;
}

/* A word that is a number and nothing else. */
static int64_t whole_number(char *text, int64_t max)
{
	int64_t v = number(&text, max);
	return *text ? -1 : v;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- attributes: each gets its value ("" where there is none) ---- */

static struct tc_sdp_transport *transport(struct parser *ps)
{
	return ps->section ? &ps->section->transport : &ps->session;
}

static void on_ufrag(struct parser *ps, char *value)
{
	const char *text = word(&value);
	/* RFC 8839 5.4: 4 to 256 characters; pwd 22 to 256. Shorter ones are theirs to regret. */
	if (*text && strlen(text) < TC_SDP_TOKEN_SIZE) {
		transport(ps)->ufrag = text;
	}
}

static void on_pwd(struct parser *ps, char *value)
{
	const char *text = word(&value);
	if (*text && strlen(text) < TC_SDP_TOKEN_SIZE) {
		transport(ps)->pwd = text;
	}
}

static void on_options(struct parser *ps, char *value)
{
	while (*value) {
		if (strcmp(word(&value), "trickle") == 0) {
			transport(ps)->trickle = true;
		}
	}
}

static void on_fingerprint(struct parser *ps, char *value)
{
	struct tc_sdp_transport *tr = transport(ps);
	uint8_t bytes[TC_SDP_FINGERPRINT];
	if (strcasecmp(word(&value), "sha-256") != 0 || tr->has_fingerprint) {
		return;
	}
	const char *p = word(&value);
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

static void on_setup(struct parser *ps, char *value)
{
	static const char *const names[] = {
		[TC_SDP_ACTPASS] = "actpass",
		[TC_SDP_ACTIVE] = "active",
		[TC_SDP_PASSIVE] = "passive",
		[TC_SDP_HOLDCONN] = "holdconn",
	};
	const char *text = word(&value);
	for (size_t i = TC_SDP_ACTPASS; i < TC_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			transport(ps)->setup = (enum tc_sdp_setup)i;
		}
	}
}

static void on_group(struct parser *ps, char *value)
{
	if (strcmp(word(&value), "BUNDLE") == 0 && !ps->bundle) {
		ps->bundle = value;
	}
}

static void on_allow_mixed(struct parser *ps, char *value)
{
	ps->sdp->extmap_allow_mixed = true;
}

static void on_ice_lite(struct parser *ps, char *value)
{
	ps->sdp->ice_lite = true;
}

static void set_direction(struct parser *ps, enum tc_sdp_direction direction)
{
	if (ps->section) {
		ps->section->direction = direction;
	} else {
		ps->session_direction = direction;
	}
}

static void on_sendrecv(struct parser *ps, char *value)
{
	set_direction(ps, TC_SDP_SENDRECV);
}

static void on_sendonly(struct parser *ps, char *value)
{
	set_direction(ps, TC_SDP_SENDONLY);
}

static void on_recvonly(struct parser *ps, char *value)
{
	set_direction(ps, TC_SDP_RECVONLY);
}

static void on_inactive(struct parser *ps, char *value)
{
	set_direction(ps, TC_SDP_INACTIVE);
}

static void on_mid(struct parser *ps, char *value)
{
	const char *mid = word(&value);
	for (size_t i = 0; i < ps->sdp->section_count; i++) {
		const char *other = ps->sdp->sections[i].mid;
		if (other && strcmp(other, mid) == 0) {
			fail(ps, -TC_EPARSE, "two sections have one mid");
		}
	}
	if (*mid) {
		ps->section->mid = mid;
	}
}

static void on_bundle_only(struct parser *ps, char *value)
{
	ps->section->bundle_only = true;
}

static void on_rtcp_mux(struct parser *ps, char *value)
{
	ps->section->rtcp_mux = true;
}

static void on_rtcp_rsize(struct parser *ps, char *value)
{
	ps->section->rtcp_rsize = true;
}

static void on_end_of_candidates(struct parser *ps, char *value)
{
	ps->section->end_of_candidates = true;
}

static int small_number(char *value)
{
	int64_t v = whole_number(word(&value), 65535);
	return v < 0 ? 0 : (int)v;
}

static void on_ptime(struct parser *ps, char *value)
{
	ps->section->ptime = small_number(value);
}

static void on_maxptime(struct parser *ps, char *value)
{
	ps->section->maxptime = small_number(value);
}

static void on_sctp_port(struct parser *ps, char *value)
{
	ps->section->sctp_port = small_number(value);
}

static void on_msid(struct parser *ps, char *value)
{
	const char *stream = word(&value), *track = word(&value);
	if (*stream) {
		ps->section->msid_stream = stream;
		ps->section->msid_track = *track ? track : NULL;
	}
}

static struct tc_sdp_format *format(struct parser *ps, int64_t pt)
{
	return (struct tc_sdp_format *)tc_sdp_format_find(ps->section, (int)pt);
}

static void on_rtpmap(struct parser *ps, char *value)
{
	struct tc_sdp_format *f = format(ps, whole_number(word(&value), 127));
	char *name = word(&value);
	char *slash = strchr(name, '/');
	if (!f || !slash || *f->name) {
		return;
	}
	*slash++ = '\0';
	int64_t rate = number(&slash, 10000000);
	int64_t channels = 1;
	if (*slash == '/') {
		slash++;
		channels = number(&slash, 255);
	}
	if (rate > 0 && channels > 0) {
		f->name = name;
		f->rate = (int)rate;
		f->channels = (int)channels;
	}
}

static void on_fmtp(struct parser *ps, char *value)
{
	struct tc_sdp_format *f = format(ps, whole_number(word(&value), 127));
	if (!f) {
		return;
	}
	f->fmtp = value;
	for (char *p = value; p; p = strchr(p, ';')) {
		p += strspn(p, "; \t");
		if (strncasecmp(p, "apt=", 4) == 0) {
			p += 4;
			f->apt = (int)number(&p, 127);
		}
	}
}

static void on_rtcp_fb(struct parser *ps, char *value)
{
	static const struct {
		const char *type, *parameter;
		unsigned bit;
	} known[] = {
		{"nack", "", TC_SDP_FB_NACK},
		{"nack", "pli", TC_SDP_FB_PLI},
		{"ccm", "fir", TC_SDP_FB_FIR},
		{"goog-remb", "", TC_SDP_FB_REMB},
		{"transport-cc", "", TC_SDP_FB_TRANSPORT_CC},
	};
	char *pt = word(&value);
	const char *type = word(&value), *parameter = word(&value);
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
	struct tc_sdp_format *f = format(ps, whole_number(pt, 127));
	if (f) {
		f->feedback |= bit;
	}
}

static void on_extmap(struct parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	char *id_word = word(&value);
	const char *uri = word(&value);
	int64_t id = number(&id_word, 255);
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

static void on_ssrc(struct parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	int64_t ssrc = whole_number(word(&value), UINT32_MAX);
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

static void on_ssrc_group(struct parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	if (strcmp(word(&value), "FID") != 0 || s->pair_count == TC_SDP_MAX_PAIRS) {
		return;
	}
	int64_t primary = whole_number(word(&value), UINT32_MAX);
	int64_t rtx = whole_number(word(&value), UINT32_MAX);
	if (primary >= 0 && rtx >= 0) {
		s->pairs[s->pair_count].primary = (uint32_t)primary;
		s->pairs[s->pair_count++].rtx = (uint32_t)rtx;
	}
}

static void on_candidate(struct parser *ps, char *value)
{
	struct tc_sdp_section *s = ps->section;
	/* More than fit are dropped: the ones named first have the best priority. */
	if (s->candidate_count < TC_SDP_MAX_CANDIDATES) {
		s->candidates[s->candidate_count++] = value - strlen("candidate:");
	}
}

static const struct attribute {
	const char *name;
	void (*session)(struct parser *ps, char *value); /* NULL: means nothing there */
	void (*section)(struct parser *ps, char *value);
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

static void parse_attribute(struct parser *ps, char *text)
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

/* ---- lines ---- */

static void parse_formats(struct parser *ps, const char *fmts)
{
	struct tc_sdp_section *s = ps->section;
	char *at = (char *)fmts; /* our own copy; only read here */
	while (*at) {
		at += strspn(at, " \t");
		int64_t pt = number(&at, 127);
		if (pt < 0 || (*at && *at != ' ' && *at != '\t')) {
			at += strcspn(at, " \t");
			continue;
		}
		if (format(ps, pt)) {
			continue;
		}
		if (s->format_count == TC_SDP_MAX_FORMATS) {
			return; /* what stands first is preferred */
		}
		s->formats[s->format_count++] = (struct tc_sdp_format){
			.pt = (int)pt, .name = "", .channels = 1, .fmtp = "", .apt = -1};
	}
}

static enum tc_sdp_kind kind_of(const char *media)
{
	static const char *const names[] = {
		[TC_SDP_AUDIO] = "audio",
		[TC_SDP_VIDEO] = "video",
		[TC_SDP_APPLICATION] = "application",
	};
	for (size_t i = 0; i < TC_COUNT(names); i++) {
		if (strcmp(media, names[i]) == 0) {
			return (enum tc_sdp_kind)i;
		}
	}
	return TC_SDP_OTHER;
}

/* m=audio 9 UDP/TLS/RTP/SAVPF 111 63 (RFC 8866 5.14) */
static void parse_media(struct parser *ps, char *text)
{
	if (ps->sdp->section_count == TC_SDP_MAX_SECTIONS) {
		fail(ps, -TC_ELIMIT, "too many media sections");
		return;
	}
	struct tc_sdp_section *s = &ps->sdp->sections[ps->sdp->section_count];
	s->media = word(&text);
	char *port_word = word(&text);
	int64_t port = number(&port_word, 65535);
	s->proto = word(&text);
	s->fmts = text + strspn(text, " \t");
	if (!*s->media || port < 0 || !*s->proto || !*s->fmts) {
		fail(ps, -TC_EPARSE, "a media line is malformed");
		return;
	}
	s->kind = kind_of(s->media);
	s->port = (int)port;
	s->direction = ps->session_direction;
	ps->section = s;
	ps->sdp->section_count++;
	if (s->kind == TC_SDP_AUDIO || s->kind == TC_SDP_VIDEO) {
		parse_formats(ps, s->fmts);
	}
}

/* o=- 4611731400430051336 2 IN IP4 127.0.0.1 */
static void parse_origin(struct parser *ps, char *text)
{
	word(&text);
	int64_t id = whole_number(word(&text), INT64_MAX / 10 - 1);
	int64_t version = whole_number(word(&text), INT64_MAX / 10 - 1);
	ps->sdp->session_id = id < 0 ? 0 : (uint64_t)id;
	ps->sdp->session_version = version < 0 ? 0 : (uint64_t)version;
}

static void parse_line(struct parser *ps, char *line)
{
	if (line[0] == '\0' || line[1] != '=') {
		return;
	}
	switch (line[0]) {
	case 'a':
		parse_attribute(ps, line + 2);
		break;
	case 'm':
		parse_media(ps, line + 2);
		break;
	case 'o':
		parse_origin(ps, line + 2);
		break;
	default: /* b=, c=, s=, t=: ICE and the offer say all we need */
		break;
	}
}

static void parse_lines(struct parser *ps)
{
	char *at = ps->sdp->text;
	if (strncmp(at, "v=0", 3) != 0) {
		fail(ps, -TC_EPARSE, "it does not begin with v=0");
	}
	while (*at && !ps->err) {
		size_t len = strcspn(at, "\r\n");
		char *next = at + len + (at[len] != '\0');
		at[len] = '\0';
		parse_line(ps, at);
		at = next;
	}
}

static void inherit(struct tc_sdp_transport *own, const struct tc_sdp_transport *session)
{
	/* Both or neither: a pair of two levels would be no pair. */
	if (!own->ufrag && !own->pwd) {
		own->ufrag = session->ufrag;
		own->pwd = session->pwd;
	}
	if (!own->has_fingerprint) {
		own->has_fingerprint = session->has_fingerprint;
		memcpy(own->fingerprint, session->fingerprint, sizeof(own->fingerprint));
	}
	if (own->setup == TC_SDP_SETUP_NONE) {
		own->setup = session->setup;
	}
	own->trickle |= session->trickle;
}

static void finish_sections(struct parser *ps)
{
	struct tc_sdp *sdp = ps->sdp;
	for (size_t i = 0; i < sdp->section_count; i++) {
		inherit(&sdp->sections[i].transport, &ps->session);
	}
	sdp->has_bundle = ps->bundle != NULL;
	while (ps->bundle && *ps->bundle) {
		const char *mid = word(&ps->bundle);
		for (size_t i = 0; i < sdp->section_count; i++) {
			struct tc_sdp_section *s = &sdp->sections[i];
			s->bundled |= s->mid && strcmp(s->mid, mid) == 0;
		}
	}
}

int tc_sdp_parse(struct tc_sdp **out, const char *text, const char **why)
{
	struct parser ps = {.session_direction = TC_SDP_SENDRECV};
	size_t len = strnlen(text, TC_SDP_MAX_SIZE + 1);
	if (len > TC_SDP_MAX_SIZE) {
		*why = "it is too long";
		return -TC_ELIMIT;
	}
	ps.sdp = calloc(1, sizeof(*ps.sdp));
	if (ps.sdp) {
		ps.sdp->text = strndup(text, len);
	}
	if (!ps.sdp || !ps.sdp->text) {
		fail(&ps, -ENOMEM, "no memory");
	} else {
		parse_lines(&ps);
	}
	if (ps.err) {
		tc_sdp_destroy(ps.sdp);
		*why = ps.why;
		return ps.err;
	}
	finish_sections(&ps);
	*out = ps.sdp;
	return 0;
}

void tc_sdp_destroy(struct tc_sdp *sdp)
{
	if (sdp) {
		free(sdp->text);
		free(sdp);
	}
}

const struct tc_sdp_format *tc_sdp_format_find(const struct tc_sdp_section *section, int pt)
{
	for (size_t i = 0; i < section->format_count; i++) {
		if (section->formats[i].pt == pt) {
			return &section->formats[i];
		}
	}
	return NULL;
}
