/* speech/trim.h -- takes the silence off both ends of a clause as it streams by. Pure; RT-safe.
 *
 * flite begins a clause with ~200 ms of silence and ends it with up to 190: the first is delay that
 * people hear, both together make every comma a full stop.
 */
#ifndef TC_SPEECH_TRIM_H
#define TC_SPEECH_TRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_TRIM_BLOCK 80   /* 5 ms at 16 kHz: the grain of the decision */
#define TC_TRIM_HELD  8000 /* silence inside a clause longer than this is passed on */

typedef bool (*tc_trim_fn)(void *user, const int16_t *pcm, size_t samples);

struct tc_trim {
	bool begun; /* a loud block was seen */
	int16_t block[TC_TRIM_BLOCK];
	size_t filled;
	int16_t lead[2 * TC_TRIM_BLOCK]; /* the last 10 ms before it gets loud */
	int16_t held[TC_TRIM_HELD];      /* silence that may turn out to be the end */
	size_t held_count;
};

void tc_trim_begin(struct tc_trim *trim);
/* Passes on what is known to belong to the clause. false: `out` returned false. */
bool tc_trim_push(struct tc_trim *trim, const int16_t *pcm, size_t samples, tc_trim_fn out,
		  void *user);
/* The clause is over: passes on up to 40 ms of its last silence. */
bool tc_trim_end(struct tc_trim *trim, tc_trim_fn out, void *user);

#endif
