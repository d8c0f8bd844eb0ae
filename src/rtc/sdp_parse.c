// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp_parser.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"

void tc_sdp_fail(struct tc_sdp_parser *ps, int err, const char *why)
{
	if (!ps->err) {
		ps->err = err;
		ps->why = why;
	}
}

char *tc_sdp_word(char **at)
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

int64_t tc_sdp_number(char **at, int64_t max)
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

int64_t tc_sdp_whole_number(char *text, int64_t max)
{
	int64_t v = tc_sdp_number(&text, max);
	return *text ? -1 : v;
}

/* ---- lines ---- */

static void parse_formats(struct tc_sdp_parser *ps, const char *fmts)
{
	struct tc_sdp_section *s = ps->section;
	char *at = (char *)fmts; /* our own copy; only read here */
	while (*at) {
		at += strspn(at, " \t");
		int64_t pt = tc_sdp_number(&at, 127);
		if (pt < 0 || (*at && *at != ' ' && *at != '\t')) {
			at += strcspn(at, " \t");
			continue;
		}
		if (tc_sdp_format_find(s, (int)pt)) {
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
static void parse_media(struct tc_sdp_parser *ps, char *text)
{
	if (ps->sdp->section_count == TC_SDP_MAX_SECTIONS) {
		tc_sdp_fail(ps, -TC_ELIMIT, "too many media sections");
		return;
	}
	struct tc_sdp_section *s = &ps->sdp->sections[ps->sdp->section_count];
	s->media = tc_sdp_word(&text);
	char *port_word = tc_sdp_word(&text);
	int64_t port = tc_sdp_number(&port_word, 65535);
	s->proto = tc_sdp_word(&text);
	s->fmts = text + strspn(text, " \t");
	if (!*s->media || port < 0 || !*s->proto || !*s->fmts) {
		tc_sdp_fail(ps, -TC_EPARSE, "a media line is malformed");
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
static void parse_origin(struct tc_sdp_parser *ps, char *text)
{
	tc_sdp_word(&text);
	int64_t id = tc_sdp_whole_number(tc_sdp_word(&text), INT64_MAX / 10 - 1);
	int64_t version = tc_sdp_whole_number(tc_sdp_word(&text), INT64_MAX / 10 - 1);
	ps->sdp->session_id = id < 0 ? 0 : (uint64_t)id;
	ps->sdp->session_version = version < 0 ? 0 : (uint64_t)version;
}

static void parse_line(struct tc_sdp_parser *ps, char *line)
{
	if (line[0] == '\0' || line[1] != '=') {
		return;
	}
	switch (line[0]) {
	case 'a':
		tc_sdp_parse_attribute(ps, line + 2);
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

static void parse_lines(struct tc_sdp_parser *ps)
{
	char *at = ps->sdp->text;
	if (strncmp(at, "v=0", 3) != 0) {
		tc_sdp_fail(ps, -TC_EPARSE, "it does not begin with v=0");
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

static void finish_sections(struct tc_sdp_parser *ps)
{
	struct tc_sdp *sdp = ps->sdp;
	for (size_t i = 0; i < sdp->section_count; i++) {
		inherit(&sdp->sections[i].transport, &ps->session);
	}
	sdp->has_bundle = ps->bundle != NULL;
	while (ps->bundle && *ps->bundle) {
		const char *mid = tc_sdp_word(&ps->bundle);
		for (size_t i = 0; i < sdp->section_count; i++) {
			struct tc_sdp_section *s = &sdp->sections[i];
			s->bundled |= s->mid && strcmp(s->mid, mid) == 0;
		}
	}
}

int tc_sdp_parse(struct tc_sdp **out, const char *text, const char **why)
{
	struct tc_sdp_parser ps = {.session_direction = TC_SDP_SENDRECV};
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
		tc_sdp_fail(&ps, -ENOMEM, "no memory");
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
