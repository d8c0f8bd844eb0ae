// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void tc_buf_init(struct tc_buf *buf)
{
	*buf = (struct tc_buf){0};
}

void tc_buf_init_fixed(struct tc_buf *buf, void *memory, size_t size)
{
	*buf = (struct tc_buf){.data = memory, .cap = size, .fixed = true};
}

void tc_buf_finish(struct tc_buf *buf)
{
	if (!buf->fixed) {
		free(buf->data);
	}
	*buf = (struct tc_buf){0};
}

void tc_buf_reset(struct tc_buf *buf)
{
	buf->len = 0;
	buf->err = 0;
}

char *tc_buf_reserve(struct tc_buf *buf, size_t extra)
{
	if (buf->err) {
		return NULL;
	}
	if (extra <= buf->cap - buf->len) {
		return buf->data + buf->len;
	}
	if (buf->fixed) {
		buf->err = -ENOSPC;
		return NULL;
	}
	size_t need = buf->len + extra;
	size_t cap = buf->cap ? buf->cap : 64;
	while (cap < need && cap <= SIZE_MAX / 2) {
		cap *= 2;
	}
	char *data = need < extra || cap < need ? NULL : realloc(buf->data, cap);
	if (!data) {
		buf->err = -ENOMEM;
		return NULL;
	}
	buf->data = data;
	buf->cap = cap;
	return data + buf->len;
}

void tc_buf_put(struct tc_buf *buf, const void *data, size_t len)
{
	char *to = len ? tc_buf_reserve(buf, len) : NULL;
	if (to) {
		memcpy(to, data, len);
		buf->len += len;
	}
}

void tc_buf_puts(struct tc_buf *buf, const char *text)
{
	tc_buf_put(buf, text, strlen(text));
}

void tc_buf_putf(struct tc_buf *buf, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	tc_buf_vputf(buf, fmt, ap);
	va_end(ap);
}

void tc_buf_vputf(struct tc_buf *buf, const char *fmt, va_list ap)
{
	char small[512];
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		tc_buf_put(buf, small, (size_t)n);
	} else if (n >= 0) {
		/* vsnprintf needs room for its 0, which stays outside len. */
		char *heap = malloc((size_t)n + 1);
		if (heap) {
			vsnprintf(heap, (size_t)n + 1, fmt, again);
			tc_buf_put(buf, heap, (size_t)n);
			free(heap);
		} else if (!buf->err) {
			buf->err = -ENOMEM;
		}
	}
	va_end(again);
}

void tc_buf_u8(struct tc_buf *buf, uint8_t v)
{
	tc_buf_put(buf, &v, 1);
}

static void put_be(struct tc_buf *buf, uint64_t v, int bytes)
{
	uint8_t be[8];
	for (int i = 0; i < bytes; i++) {
		be[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	}
	tc_buf_put(buf, be, (size_t)bytes);
}

void tc_buf_u16(struct tc_buf *buf, uint16_t v)
{
	put_be(buf, v, 2);
}

void tc_buf_u24(struct tc_buf *buf, uint32_t v)
{
	put_be(buf, v, 3);
}

void tc_buf_u32(struct tc_buf *buf, uint32_t v)
{
	put_be(buf, v, 4);
}

void tc_buf_u64(struct tc_buf *buf, uint64_t v)
{
	put_be(buf, v, 8);
}

const char *tc_buf_str(struct tc_buf *buf)
{
	char *end = tc_buf_reserve(buf, 1);
	if (!end) {
		return "";
	}
	*end = '\0';
	return buf->data;
}

char *tc_buf_take_str(struct tc_buf *buf)
{
	char *out = NULL;
	if (buf->fixed) {
		out = buf->err ? NULL : strndup(buf->data, buf->len);
		tc_buf_reset(buf);
		return out;
	}
	char *end = tc_buf_reserve(buf, 1);
	if (end) {
		*end = '\0';
		out = buf->data;
		buf->data = NULL;
	}
	tc_buf_finish(buf);
	return out;
}

const uint8_t *tc_cursor_bytes(struct tc_cursor *cur, size_t len)
{
	if (cur->err || len > tc_cursor_left(cur)) {
		cur->err = -TC_EPARSE;
		return NULL;
	}
	const uint8_t *p = cur->at;
	cur->at += len;
	return p;
}

void tc_cursor_skip(struct tc_cursor *cur, size_t len)
{
	tc_cursor_bytes(cur, len);
}

static uint64_t get_be(struct tc_cursor *cur, size_t bytes)
{
	const uint8_t *p = tc_cursor_bytes(cur, bytes);
	uint64_t v = 0;
	for (size_t i = 0; p && i < bytes; i++) {
		v = v << 8 | p[i];
	}
	return v;
}

uint8_t tc_cursor_u8(struct tc_cursor *cur)
{
	return (uint8_t)get_be(cur, 1);
}

uint16_t tc_cursor_u16(struct tc_cursor *cur)
{
	return (uint16_t)get_be(cur, 2);
}

uint32_t tc_cursor_u24(struct tc_cursor *cur)
{
	return (uint32_t)get_be(cur, 3);
}

uint32_t tc_cursor_u32(struct tc_cursor *cur)
{
	return (uint32_t)get_be(cur, 4);
}

uint64_t tc_cursor_u64(struct tc_cursor *cur)
{
	return get_be(cur, 8);
}
