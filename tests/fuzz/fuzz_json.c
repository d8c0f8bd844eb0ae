// SPDX-License-Identifier: Apache-2.0
/* What the parser accepts is walked by every getter, written again, and must be accepted again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void walk(struct tc_json_writer *w, struct tc_json value)
{
	char small[16];
	int64_t i;
	double d;
	bool b;
	switch (tc_json_type(value)) {
	case TC_JSON_NONE:
		abort(); /* no well-formed text has a place without a value */
	case TC_JSON_NULL:
		tc_json_put_raw(w, value);
		break;
	case TC_JSON_BOOL:
		tc_json_put_bool(w, !tc_json_bool(value, &b) && b);
		break;
	case TC_JSON_NUMBER:
		if (!tc_json_int(value, &i)) {
			tc_json_put_int(w, i);
		} else {
			tc_json_put_double(w, tc_json_double(value, &d) ? 0 : d);
		}
		break;
	case TC_JSON_STRING: {
		char *text = tc_json_strdup(value);
		if (text && !tc_json_str_eq(value, text)) {
			abort();
		}
		tc_json_str(value, small, sizeof(small));
		tc_json_put_str(w, text);
		free(text);
		break;
	}
	case TC_JSON_ARRAY:
	case TC_JSON_OBJECT: {
		bool object = tc_json_type(value) == TC_JSON_OBJECT;
		struct tc_json_iter it = tc_json_iter(value);
		object ? tc_json_begin_object(w) : tc_json_begin_array(w);
		while (tc_json_next(&it)) {
			if (object) {
				struct tc_json again;
				char *key = tc_json_strdup(it.key);
				if (key && !tc_json_get(value, key, &again)) {
					abort();
				}
				tc_json_key(w, key ? key : "");
				free(key);
			}
			walk(w, it.value);
		}
		object ? tc_json_end_object(w) : tc_json_end_array(w);
		break;
	}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_json value;
	size_t at = SIZE_MAX;
	if (size > 1 << 16) {
		return 0; /* a lookup by key is linear: many keys are quadratic here, not in use */
	}
	if (tc_json_parse(&value, (const char *)data, size, &at)) {
		if (at > size) {
			abort();
		}
		return 0;
	}
	struct tc_buf out;
	struct tc_json_writer w;
	tc_buf_init(&out);
	tc_json_writer_init(&w, &out);
	walk(&w, value);
	if (out.err || tc_json_parse(&value, out.data, out.len, NULL)) {
		abort();
	}
	tc_buf_finish(&out);
	return 0;
}
