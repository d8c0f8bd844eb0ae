/* probe/hear.h -- what one connection's sound says: when a voice began, and how evenly it came.
 *
 * Fed with decoded pieces in order. Pure over their times; thread: one at a time.
 */
#ifndef TC_PROBE_HEAR_H
#define TC_PROBE_HEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_HEAR_RATE     16000
#define TC_HEAR_ONSET_US 40000  /* loud for this long is a voice; less is a click */
#define TC_HEAR_QUIET_US 400000 /* after this much of nothing the next voice is another one */
#define TC_HEAR_LATE_US  20000  /* a whole packet behind the soonest one of its stretch */

enum tc_hear_state {
	TC_HEAR_SILENT,
	TC_HEAR_RISING, /* loud, and not yet for long enough */
	TC_HEAR_VOICED,
};

struct tc_hear { /* zero: nothing was heard */
	enum tc_hear_state state;
	int64_t rose_us, loud_us; /* RISING: when it began; how much of it was loud */
	int64_t last_loud_us;     /* the end of the last loud piece; 0: none yet */
	int64_t onset_us;         /* when the last voice began */
	uint64_t onsets;

	bool placed;        /* a stretch without a gap runs */
	int64_t soonest_us; /* arrival less position, the least of the stretch */
	int64_t position_us;
	uint64_t pieces, late;
	int64_t worst_us; /* the most that one was behind */
};

struct tc_hear_piece {
	const int16_t *pcm; /* TC_HEAR_RATE, mono; borrowed */
	size_t samples;
	int64_t time_us;    /* monotonic: when it came */
	int64_t skipped_us; /* silence not sent before it; -1: the stream begins anew */
	bool concealed;     /* invented: says nothing about time */
};

/* True: with this piece it is certain that a voice began, at onset_us. */
bool tc_hear_sound(struct tc_hear *hear, const struct tc_hear_piece *piece);
/* Was nothing loud for this long? */
bool tc_hear_quiet(const struct tc_hear *hear, int64_t now_us, int64_t for_us);
bool tc_hear_loud(const int16_t *pcm, size_t samples);
/* RFC 6464: 0 as loud as can be, 127 silence. */
int tc_hear_level(const int16_t *pcm, size_t samples);

#endif
