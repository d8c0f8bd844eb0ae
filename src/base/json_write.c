// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

void tc_json_writer_init(struct tc_json_writer *w, struct tc_buf *buf)
{
	*w = (struct tc_json_writer){.buf = buf};
}

static void before_value(struct tc_json_writer *w)
{
	if (w->comma) {
		tc_buf_put(w->buf, ",", 1);
	}
	w->comma = true;
}

static void open_container(struct tc_json_writer *w, char c)
{
	before_value(w);
	tc_buf_put(w->buf, &c, 1);
	w->comma = false;
}

static void close_container(struct tc_json_writer *w, char c)
{
	tc_buf_put(w->buf, &c, 1);
	w->comma = true;
}

void tc_json_begin_object(struct tc_json_writer *w)
{
	open_container(w, '{');
}

void tc_json_end_object(struct tc_json_writer *w)
{
	close_container(w, '}');
}

void tc_json_begin_array(struct tc_json_writer *w)
{
	open_container(w, '[');
}

void tc_json_end_array(struct tc_json_writer *w)
{
	close_container(w, ']');
}

static void put_escaped(struct tc_buf *buf, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *hit = c ? strchr(from, c) : NULL;
	if (hit) {
		char two[2] = {'\\', to[hit - from]};
		tc_buf_put(buf, two, 2);
	} else {
		tc_buf_putf(buf, "\\u%04x", c);
	}
}

static void put_quoted(struct tc_buf *buf, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + len;
	tc_buf_put(buf, "\"", 1);
	const unsigned char *plain = p;
	while (p < end) {
		size_t n = tc_utf8_len(p, (size_t)(end - p));
		if (n > 1 || (n == 1 && *p >= 0x20 && *p != '"' && *p != '\\')) {
			p += n;
			continue;
		}
		tc_buf_put(buf, plain, (size_t)(p - plain));
		if (n == 0) {
			tc_buf_puts(buf, "\xef\xbf\xbd");
		} else {
			put_escaped(buf, *p);
		}
		plain = ++p;
	}
	tc_buf_put(buf, plain, (size_t)(p - plain));
	tc_buf_put(buf, "\"", 1);
}

void tc_json_key(struct tc_json_writer *w, const char *key)
{
	before_value(w);
	put_quoted(w->buf, key, strlen(key));
	tc_buf_put(w->buf, ":", 1);
	w->comma = false;
}

void tc_json_put_strn(struct tc_json_writer *w, const char *text, size_t len)
{
	before_value(w);
	put_quoted(w->buf, text, len);
}

void tc_json_put_str(struct tc_json_writer *w, const char *text)
{
	if (text) {
		tc_json_put_strn(w, text, strlen(text));
	} else {
		before_value(w);
		tc_buf_puts(w->buf, "null");
	}
}

void tc_json_put_int(struct tc_json_writer *w, int64_t v)
{
	before_value(w);
	tc_buf_putf(w->buf, "%" PRId64, v);
}

void tc_json_put_double(struct tc_json_writer *w, double v)
{
	before_value(w);
	if (isfinite(v)) {
		tc_buf_putf(w->buf, "%.10g", v);
	} else {
		tc_buf_puts(w->buf, "null");
	}
}

void tc_json_put_bool(struct tc_json_writer *w, bool v)
{
	before_value(w);
	tc_buf_puts(w->buf, v ? "true" : "false");
}

void tc_json_put_raw(struct tc_json_writer *w, struct tc_json value)
{
	before_value(w);
	tc_buf_put(w->buf, value.at, value.len);
}

void tc_json_field_str(struct tc_json_writer *w, const char *key, const char *text)
{
	tc_json_key(w, key);
	tc_json_put_str(w, text);
}

void tc_json_field_int(struct tc_json_writer *w, const char *key, int64_t v)
{
	tc_json_key(w, key);
	tc_json_put_int(w, v);
}

void tc_json_field_double(struct tc_json_writer *w, const char *key, double v)
{
	tc_json_key(w, key);
	tc_json_put_double(w, v);
}

void tc_json_field_bool(struct tc_json_writer *w, const char *key, bool v)
{
	tc_json_key(w, key);
	tc_json_put_bool(w, v);
}
