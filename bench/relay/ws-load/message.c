// SPDX-License-Identifier: Apache-2.0
/* What is sent, made once. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- messages
 * Every relayed message carries a mark inside a field that a signaling server must pass on
 * unchanged, the ICE username fragment (4 to 256 letters and digits, RFC 8839):
 *   wslT<19 digits: send time, ns>F<5: sender>D<5: target>Q<8: sequence on this pair>
 * Frames are masked with one fixed key, so a frame is a copy of a masked template with the target's
 * id and the mark patched in: the client costs no more than a relay that does nothing else. */

const uint8_t mask_key[4] = {0x37, 0xfa, 0x21, 0x3d};
struct message candidate_msg, offer_msg;
uint32_t id_len;
static const char mark_blank[] = "wslT0000000000000000000F00000D00000Q00000000";

static const char *escape_crlf = "\\r\\n";

uint32_t frame_head(uint8_t *out, uint8_t opcode, uint32_t len)
{
	uint32_t n = 0;
	out[n++] = 0x80 | opcode;
	if (len < 126) {
		out[n++] = (uint8_t)(0x80 | len);
	} else if (len < 65536) {
		out[n++] = 0x80 | 126;
		out[n++] = (uint8_t)(len >> 8);
		out[n++] = (uint8_t)len;
	} else {
		out[n++] = 0x80 | 127;
		memset(out + n, 0, 4);
		for (int i = 0; i < 4; i++)
			out[n + 4 + (uint32_t)i] = (uint8_t)(len >> (24 - 8 * i));
		n += 8;
	}
	memcpy(out + n, mask_key, 4);
	return n + 4;
}

void patch(struct message *m, uint8_t *frame, uint32_t at, const char *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame[m->head_len + at + i] = (uint8_t)text[i] ^ mask_key[(at + i) & 3];
}

static void make_message(struct message *m, char *payload)
{
	uint32_t len = (uint32_t)strlen(payload);
	m->id_at = (uint32_t)(strchr(payload, '@') - payload);
	m->mark_at = (uint32_t)(strstr(payload, "wslT") - payload);
	m->frame = xrealloc(NULL, len + 16);
	m->head_len = frame_head(m->frame, 1, len);
	m->frame_len = m->head_len + len;
	patch(m, m->frame, 0, payload, len);
	free(payload);
}

void make_messages(void)
{
	char *at = xrealloc(NULL, id_len + 1);
	memset(at, '@', id_len);
	at[id_len] = 0;

	char *c = NULL;
	if (asprintf(&c,
		     "{\"toId\":\"%s\",\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":"
		     "\"candidate:842163049 1 udp "
		     "1677729535 192.0.2.10 46154 typ srflx raddr 10.0.0.17 rport 46154 generation "
		     "0 ufrag %s\","
		     "\"sdpMid\":\"0\",\"sdpMLineIndex\":0%*s}}",
		     at, mark_blank, 0, "") < 0)
		die("out of memory");
	size_t have = strlen(c);
	if (have < opt.candidate_bytes) { /* white space before the closing braces is legal JSON */
		size_t pad = opt.candidate_bytes - have;
		c = xrealloc(c, have + pad + 1);
		memmove(c + have - 2 + pad, c + have - 2, 3);
		memset(c + have - 2, ' ', pad);
	}
	make_message(&candidate_msg, c);

	char *o = xrealloc(NULL, opt.offer_bytes + 1024);
	int n = sprintf(o,
			"{\"toId\":\"%s\",\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":"
			"\"v=0%so=- 4611731400430051336 "
			"2 IN IP4 127.0.0.1%ss=-%st=0 "
			"0%sa=ice-ufrag:%s%sa=ice-pwd:asd88fgpdd777uzjYhagZg00%s",
			at, escape_crlf, escape_crlf, escape_crlf, escape_crlf, mark_blank,
			escape_crlf, escape_crlf);
	static const char line[] =
		"a=rtpmap:111 opus/48000/2\\r\\na=fmtp:111 minptime=10;useinbandfec=1\\r\\n";
	const int line_len = (int)sizeof line - 1;
	while (n + line_len + 4 <= (int)opt.offer_bytes) {
		memcpy(o + n, line, (size_t)line_len);
		n += line_len;
	}
	sprintf(o + n, "\"}}");
	make_message(&offer_msg, o);
	free(at);
}
