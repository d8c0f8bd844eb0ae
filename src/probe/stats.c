// SPDX-License-Identifier: Apache-2.0
#include "probe/stats.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_ROOM 16

size_t tc_stats_kept(const struct tc_stats *s)
{
	return s->count < TC_STATS_MAX ? s->count : TC_STATS_MAX;
}

void tc_stats_add(struct tc_stats *s, double value)
{
	size_t at = s->count % TC_STATS_MAX;
	if (at == s->room) {
		size_t room = s->room ? s->room * 2 : FIRST_ROOM;
		double *values = realloc(s->values, room * sizeof(*values));
		if (!values) {
			s->lost = true;
			return;
		}
		s->values = values;
		s->room = room;
	}
	s->values[at] = value;
	s->count++;
}

void tc_stats_add_all(struct tc_stats *s, const struct tc_stats *more)
{
	for (size_t i = 0; i < tc_stats_kept(more); i++) {
		tc_stats_add(s, more->values[i]);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double tc_stats_percentile(struct tc_stats *s, int percent)
{
	size_t kept = tc_stats_kept(s);
	if (kept == 0) {
		return NAN;
	}
	qsort(s->values, kept, sizeof(*s->values), compare);
	size_t rank = (kept * (size_t)percent + 99) / 100;
	return s->values[rank ? rank - 1 : 0];
}

void tc_stats_finish(struct tc_stats *s)
{
	free(s->values);
	*s = (struct tc_stats){0};
}
