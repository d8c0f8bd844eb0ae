// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_priv.h"

/* The text is known to be well-formed. */

static const char *next_token(const char *p, const char *end)
{
	while (p < end &&
	       (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ',' || *p == ':')) {
		p++;
	}
	return p;
}

static const char *string_end(const char *p, const char *end)
{
	p++;
	while (p < end && *p != '"') {
		if (*p == '\\') {
			p++;
		}
		p++;
		while (end - p >= 8 && !(EQUAL(tc_load8(p), '"') | EQUAL(tc_load8(p), '\\'))) {
			p += 8;
		}
	}
	return p < end ? p + 1 : end;
}

static const char *value_end(const char *p, const char *end)
{
	if (p >= end) {
		return end;
	}
	if (*p == '"') {
		return string_end(p, end);
	}
	if (*p != '{' && *p != '[') {
		while (p < end && !strchr(",]} \t\r\n", *p)) {
			p++;
		}
		return p;
	}
	int depth = 0;
	while (p < end) {
		if (*p == '"') {
			p = string_end(p, end);
			continue;
		}
		if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			depth--;
		}
		p++;
		if (depth == 0) {
			break;
		}
	}
	return p;
}

enum tc_json_type tc_json_type(struct tc_json value)
{
	if (value.len == 0) {
		return TC_JSON_NONE;
	}
	switch (value.at[0]) {
	case '{':
		return TC_JSON_OBJECT;
	case '[':
		return TC_JSON_ARRAY;
	case '"':
		return TC_JSON_STRING;
	case 't':
	case 'f':
		return TC_JSON_BOOL;
	case 'n':
		return TC_JSON_NULL;
	default:
		return TC_JSON_NUMBER;
	}
}

struct tc_json_iter tc_json_iter(struct tc_json container)
{
	struct tc_json_iter it = {0};
	enum tc_json_type type = tc_json_type(container);
	if (type == TC_JSON_OBJECT || type == TC_JSON_ARRAY) {
		it.at = container.at + 1;
		it.end = container.at + container.len - 1;
		it.object = type == TC_JSON_OBJECT;
	}
	return it;
}

bool tc_json_next(struct tc_json_iter *it)
{
	if (!it->at) {
		return false;
	}
	const char *p = next_token(it->at, it->end);
	if (p >= it->end) {
		return false;
	}
	if (it->object) {
		const char *stop = string_end(p, it->end);
		it->key = (struct tc_json){p, (size_t)(stop - p)};
		p = next_token(stop, it->end);
	}
	const char *stop = value_end(p, it->end);
	it->value = (struct tc_json){p, (size_t)(stop - p)};
	it->at = stop;
	return true;
}

bool tc_json_get(struct tc_json object, const char *key, struct tc_json *out)
{
	bool found = false;
	*out = (struct tc_json){0};
	if (tc_json_type(object) != TC_JSON_OBJECT) {
		return false;
	}
	struct tc_json_iter it = tc_json_iter(object);
	while (tc_json_next(&it)) {
		if (tc_json_str_eq(it.key, key)) {
			*out = it.value;
			found = true;
		}
	}
	return found;
}

int tc_json_double(struct tc_json value, double *out)
{
	char text[64];
	if (tc_json_type(value) != TC_JSON_NUMBER || value.len >= sizeof(text)) {
		return -EINVAL;
	}
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	*out = strtod(text, NULL);
	return isfinite(*out) ? 0 : -EINVAL;
}

int tc_json_int(struct tc_json value, int64_t *out)
{
	double v;
	int err = tc_json_double(value, &v);
	if (err) {
		return err;
	}
	/* The range JavaScript keeps exact; ids and times of ours stay far inside it. */
	if (v != floor(v) || fabs(v) > 9007199254740991.0) {
		return -EINVAL;
	}
	*out = (int64_t)v;
	return 0;
}

int tc_json_bool(struct tc_json value, bool *out)
{
	if (tc_json_type(value) != TC_JSON_BOOL) {
		return -EINVAL;
	}
	*out = value.at[0] == 't';
	return 0;
}

int tc_json_get_str(struct tc_json object, const char *key, char *out, size_t size)
{
	struct tc_json v;
	return tc_json_get(object, key, &v) ? tc_json_str(v, out, size) : -ENOENT;
}

int tc_json_get_int(struct tc_json object, const char *key, int64_t *out)
{
	struct tc_json v;
	return tc_json_get(object, key, &v) ? tc_json_int(v, out) : -ENOENT;
}

int tc_json_get_bool(struct tc_json object, const char *key, bool *out)
{
	struct tc_json v;
	return tc_json_get(object, key, &v) ? tc_json_bool(v, out) : -ENOENT;
}
