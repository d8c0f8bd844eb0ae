/* proto/nest.h -- what tricall, the nest and its spares say to each other (orb-process.md).
 *
 * Each message is one packet of a SOCK_SEQPACKET pair: a note, and with an order its strings behind
 * it. Both ends are on one machine and of one build (the version says so), so integers are the
 * machine's own. Descriptors travel beside (base/pass.h). Pure.
 */
#ifndef TC_PROTO_NEST_H
#define TC_PROTO_NEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TC_NEST_FD 3 /* the nest's end of its control socket */
/* A larger order (its environment is as large as whoever started tricall made it) is run by exec.
 */
#define TC_NEST_ORDER_MAX (128 * 1024)

enum tc_nest_word {
	TC_NEST_HELLO = 1, /* nest -> tricall: the engines are loaded */
	TC_NEST_FORK,      /* tricall -> nest: make a spare */
	TC_NEST_SPARE,     /* nest -> tricall: value = its pid; 1 descriptor: its socket */
	TC_NEST_PING,      /* tricall -> nest */
	TC_NEST_PONG,      /* nest -> tricall: value as in the ping */
	TC_NEST_READY,     /* spare -> tricall, on its own socket: it takes an order now */
	TC_NEST_ORDER,     /* tricall -> spare; 3 descriptors: channel, stdout, stderr */
};

struct tc_nest_note {
	uint32_t version;
	uint32_t word; /* enum tc_nest_word */
	uint32_t value;
};

struct tc_nest_order { /* argv[0] is the program; strings lie in the packet */
	int argc;
	char **argv, **envp; /* NULL at the end; one allocation, owned: tc_nest_order_finish() */
	const char *dir;     /* NULL: stay */
};

void tc_nest_note_set(struct tc_nest_note *note, enum tc_nest_word word, uint32_t value);
/* -TC_EPARSE: too short; -TC_EVERSION: of another build. */
int tc_nest_note_take(struct tc_nest_note *note, const void *data, size_t len);

/* Note and strings; `out` gets the whole packet. */
void tc_nest_order_put(struct tc_buf *out, char *const *argv, char *const *envp, const char *dir);
/* Points into `data`, which must stay. -TC_EPARSE, -TC_EVERSION, -ENOMEM. */
int tc_nest_order_take(struct tc_nest_order *order, char *data, size_t len);
void tc_nest_order_finish(struct tc_nest_order *order);

#endif
