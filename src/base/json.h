/* base/json.h -- JSON (RFC 8259) read in place and written without a tree.
 *
 * tc_json_parse() checks a whole text once: grammar, UTF-8, depth. After that a value is a slice of
 * the text and the getters walk it, so relaying a message copies nothing. Why our own:
 * docs/adr/0004. Thread: any. Nothing here allocates, but tc_json_strdup().
 */
#ifndef TC_BASE_JSON_H
#define TC_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TC_JSON_MAX_DEPTH 32

enum tc_json_type {
	TC_JSON_NONE, /* no value: what a failed lookup leaves */
	TC_JSON_NULL,
	TC_JSON_BOOL,
	TC_JSON_NUMBER,
	TC_JSON_STRING,
	TC_JSON_ARRAY,
	TC_JSON_OBJECT,
};

/* One value inside a checked text; borrowed from it. */
struct tc_json {
	const char *at;
	size_t len;
};

/* 0, or -TC_EPARSE (*error_at, if given, says at which byte) or -TC_ELIMIT (too deep). */
int tc_json_parse(struct tc_json *out, const char *text, size_t len, size_t *error_at);
enum tc_json_type tc_json_type(struct tc_json value);

/* The member `key` of an object; of several the last, as in JavaScript. false (and NONE): absent.
 */
bool tc_json_get(struct tc_json object, const char *key, struct tc_json *out);
/* True if the string value equals `text` after unescaping. */
bool tc_json_str_eq(struct tc_json value, const char *text);
/* Unescapes into out, 0-terminated. The length, or -EINVAL (no string, or it holds U+0000),
 * -ENOSPC. */
int tc_json_str(struct tc_json value, char *out, size_t size);
/* The same on the heap, caller frees; NULL: no string, U+0000 inside, or no memory. */
char *tc_json_strdup(struct tc_json value);
int tc_json_int(struct tc_json value,
		int64_t *out); /* -EINVAL: no number, or not a whole one in range */
int tc_json_double(struct tc_json value, double *out);
int tc_json_bool(struct tc_json value, bool *out);

/* for (it = tc_json_iter(v); tc_json_next(&it);) ... it.key (objects only), it.value */
struct tc_json_iter {
	const char *at;
	const char *end;
	struct tc_json key;
	struct tc_json value;
	bool object;
};
struct tc_json_iter tc_json_iter(struct tc_json container);
bool tc_json_next(struct tc_json_iter *it);

/* Shorthands for messages: a member straight into a C value; -ENOENT when it is absent. */
int tc_json_get_str(struct tc_json object, const char *key, char *out, size_t size);
int tc_json_get_int(struct tc_json object, const char *key, int64_t *out);
int tc_json_get_bool(struct tc_json object, const char *key, bool *out);

/* Writes commas and quotes; errors stick in the buffer. Text that is not UTF-8 has U+FFFD in its
 * place. */
struct tc_json_writer {
	struct tc_buf *buf;
	bool comma;
};
void tc_json_writer_init(struct tc_json_writer *w, struct tc_buf *buf);
void tc_json_begin_object(struct tc_json_writer *w);
void tc_json_end_object(struct tc_json_writer *w);
void tc_json_begin_array(struct tc_json_writer *w);
void tc_json_end_array(struct tc_json_writer *w);
void tc_json_key(struct tc_json_writer *w, const char *key);
void tc_json_put_str(struct tc_json_writer *w, const char *text); /* NULL: null */
void tc_json_put_strn(struct tc_json_writer *w, const char *text, size_t len);
void tc_json_put_int(struct tc_json_writer *w, int64_t v);
void tc_json_put_double(struct tc_json_writer *w, double v); /* not finite: null */
void tc_json_put_bool(struct tc_json_writer *w, bool v);
void tc_json_put_raw(struct tc_json_writer *w, struct tc_json value);
void tc_json_field_str(struct tc_json_writer *w, const char *key, const char *text);
void tc_json_field_int(struct tc_json_writer *w, const char *key, int64_t v);
void tc_json_field_double(struct tc_json_writer *w, const char *key, double v);
void tc_json_field_bool(struct tc_json_writer *w, const char *key, bool v);

#endif
