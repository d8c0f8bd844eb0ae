/* server/metrics/registry.h -- counters, gauges and histograms by a static table, and their text
 * (Prometheus text format 0.0.4).
 *
 * A family's labels are of sets that are written down with it: neither a room nor a person can
 * become one, and memory never grows. Thread: its owner's.
 */
#ifndef TC_SERVER_METRICS_REGISTRY_H
#define TC_SERVER_METRICS_REGISTRY_H

#include <stddef.h>

#include "base/buf.h"

#define TC_METRIC_LABELS_MAX  2
#define TC_METRIC_BUCKETS_MAX 16

enum tc_metric_kind {
	TC_METRIC_COUNTER, /* its name ends in _total */
	TC_METRIC_GAUGE,
	TC_METRIC_HISTOGRAM,
};

struct tc_metric_label {
	const char *name;          /* NULL: none */
	const char *const *values; /* NULL at the end; the order is the index */
};

struct tc_metric_family {
	enum tc_metric_kind kind;
	const char *name, *help; /* base units in the name: _seconds, _bytes, _ratio */
	struct tc_metric_label label[TC_METRIC_LABELS_MAX];
	const double *bounds; /* of buckets, ascending, 0 at the end; histograms only */
};

struct tc_registry;

/* families: borrowed, outlives us; its index is what the calls below take. -ENOMEM. */
int tc_registry_create(struct tc_registry **out, const struct tc_metric_family *families,
		       size_t count);
void tc_registry_destroy(struct tc_registry *registry); /* NULL-safe */

/* a, b: indices of the label values; 0 where the family has no such label. What is not in the
 * table is our own mistake. */
void tc_registry_add(struct tc_registry *registry, size_t family, size_t a, size_t b, double by);
void tc_registry_set(struct tc_registry *registry, size_t family, size_t a, size_t b, double value);
void tc_registry_observe(struct tc_registry *registry, size_t family, size_t a, size_t b,
			 double value);
/* A counter's or gauge's value; how many a histogram has seen. */
double tc_registry_value(const struct tc_registry *registry, size_t family, size_t a, size_t b);
void tc_registry_write(const struct tc_registry *registry, struct tc_buf *out);

#endif
