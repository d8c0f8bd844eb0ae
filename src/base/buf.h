/* base/buf.h -- a byte writer and a byte reader, both with a sticky error.
 *
 * Write (or read) on and ask for `err` once at the end. The writer grows on the heap, or fills
 * memory of the caller's (then -ENOSPC sticks). Integers are big-endian, as on the wire.
 */
#ifndef TC_BASE_BUF_H
#define TC_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_buf {
	char *data; /* owned unless fixed; not 0-terminated, see tc_buf_str() */
	size_t len;
	size_t cap;
	int err; /* 0, -ENOMEM or -ENOSPC: the first failure; later writes do nothing */
	bool fixed;
};

void tc_buf_init(struct tc_buf *buf);
void tc_buf_init_fixed(struct tc_buf *buf, void *memory, size_t size);
void tc_buf_finish(struct tc_buf *buf);
/* Forgets content and error, keeps the memory. */
void tc_buf_reset(struct tc_buf *buf);
/* Makes room for `extra` more bytes and returns where they go, or NULL. Does not change len. */
char *tc_buf_reserve(struct tc_buf *buf, size_t extra);
void tc_buf_put(struct tc_buf *buf, const void *data, size_t len);
void tc_buf_puts(struct tc_buf *buf, const char *text);
void tc_buf_putf(struct tc_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tc_buf_vputf(struct tc_buf *buf, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void tc_buf_u8(struct tc_buf *buf, uint8_t v);
void tc_buf_u16(struct tc_buf *buf, uint16_t v);
void tc_buf_u24(struct tc_buf *buf, uint32_t v);
void tc_buf_u32(struct tc_buf *buf, uint32_t v);
void tc_buf_u64(struct tc_buf *buf, uint64_t v);
/* The content with a 0 behind it, borrowed until the next write; "" after an error. */
const char *tc_buf_str(struct tc_buf *buf);
/* The content as a heap string the caller frees; NULL after an error. The buffer is empty then. */
char *tc_buf_take_str(struct tc_buf *buf);

struct tc_cursor {
	const uint8_t *at;
	const uint8_t *end;
	int err; /* 0 or -TC_EPARSE once something was read past the end */
};

static inline void tc_cursor_init(struct tc_cursor *cur, const void *data, size_t len)
{
	cur->at = data;
	cur->end = cur->at + len;
	cur->err = 0;
}
static inline size_t tc_cursor_left(const struct tc_cursor *cur)
{
	return (size_t)(cur->end - cur->at);
}
uint8_t tc_cursor_u8(struct tc_cursor *cur);
uint16_t tc_cursor_u16(struct tc_cursor *cur);
uint32_t tc_cursor_u24(struct tc_cursor *cur);
uint32_t tc_cursor_u32(struct tc_cursor *cur);
uint64_t tc_cursor_u64(struct tc_cursor *cur);
/* `len` bytes borrowed from the input, or NULL (and the error) if there are fewer. */
const uint8_t *tc_cursor_bytes(struct tc_cursor *cur, size_t len);
void tc_cursor_skip(struct tc_cursor *cur, size_t len);

#endif
