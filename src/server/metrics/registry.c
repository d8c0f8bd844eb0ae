// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/registry.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct series {
	double value; /* of a histogram: the sum */
	uint64_t count;
	uint64_t bucket[TC_METRIC_BUCKETS_MAX]; /* not cumulative; beyond the last bound: count */
};

struct tc_registry {
	const struct tc_metric_family *families; /* borrowed */
	size_t count;
	size_t *first; /* owned: of each family, in series */
	struct series *series;
};

static size_t values_of(const struct tc_metric_label *label)
{
	size_t n = 0;
	while (label->name && label->values[n]) {
		n++;
	}
	return label->name ? n : 1;
}

static size_t series_of(const struct tc_metric_family *family)
{
	return values_of(&family->label[0]) * values_of(&family->label[1]);
}

static size_t bounds_of(const struct tc_metric_family *family)
{
	size_t n = 0;
	while (family->bounds && family->bounds[n] > 0) {
		n++;
	}
	return n;
}

int tc_registry_create(struct tc_registry **out, const struct tc_metric_family *families,
		       size_t count)
{
	struct tc_registry *r = calloc(1, sizeof(*r));
	size_t *first = calloc(count + 1, sizeof(*first));
	size_t total = 0;
	for (size_t i = 0; first && i < count; i++) {
		TC_ASSERT(bounds_of(&families[i]) <= TC_METRIC_BUCKETS_MAX);
		first[i] = total;
		total += series_of(&families[i]);
	}
	struct series *series = first ? calloc(total + 1, sizeof(*series)) : NULL;
	if (!r || !series) {
		free(r);
		free(first);
		free(series);
		return -ENOMEM;
	}
	first[count] = total;
	*r = (struct tc_registry){families, count, first, series};
	*out = r;
	return 0;
}

void tc_registry_destroy(struct tc_registry *r)
{
	if (r) {
		free(r->first);
		free(r->series);
		free(r);
	}
}

static struct series *find(const struct tc_registry *r, size_t family, size_t a, size_t b)
{
	TC_ASSERT(family < r->count);
	const struct tc_metric_family *f = &r->families[family];
	size_t width = values_of(&f->label[1]);
	TC_ASSERT(a < values_of(&f->label[0]) && b < width);
	return &r->series[r->first[family] + a * width + b];
}

void tc_registry_add(struct tc_registry *r, size_t family, size_t a, size_t b, double by)
{
	find(r, family, a, b)->value += by;
}

void tc_registry_set(struct tc_registry *r, size_t family, size_t a, size_t b, double value)
{
	find(r, family, a, b)->value = value;
}

void tc_registry_observe(struct tc_registry *r, size_t family, size_t a, size_t b, double value)
{
	struct series *s = find(r, family, a, b);
	const double *bounds = r->families[family].bounds;
	size_t n = bounds_of(&r->families[family]);
	size_t i = 0;
	if (!isfinite(value)) {
		return;
	}
	while (i < n && value > bounds[i]) {
		i++;
	}
	if (i < n) {
		s->bucket[i]++;
	}
	s->count++;
	s->value += value;
}

double tc_registry_value(const struct tc_registry *r, size_t family, size_t a, size_t b)
{
	const struct series *s = find(r, family, a, b);
	return r->families[family].kind == TC_METRIC_HISTOGRAM ? (double)s->count : s->value;
}

/* ---- text ---- */

/* Never with an exponent, so that a plain reader of the text may take it for a number. */
static void put_number(struct tc_buf *out, double value)
{
	char text[340];
	if (value == floor(value)) {
		snprintf(text, sizeof(text), "%.0f", value);
	} else {
		size_t n = (size_t)snprintf(text, sizeof(text), "%.9f", value);
		while (text[n - 1] == '0') {
			n--;
		}
		text[text[n - 1] == '.' ? n - 1 : n] = '\0';
	}
	tc_buf_puts(out, text);
}

struct place { /* one series, as it is named */
	const struct tc_metric_family *family;
	size_t a, b;
};

/* {label="value",...,le="..."}; le NULL: none. */
static void put_labels(struct tc_buf *out, const struct place *at, const double *le)
{
	const struct tc_metric_label *label = at->family->label;
	const char *comma = "{";
	for (size_t i = 0; i < TC_METRIC_LABELS_MAX; i++) {
		if (label[i].name) {
			tc_buf_putf(out, "%s%s=\"%s\"", comma, label[i].name,
				    label[i].values[i ? at->b : at->a]);
			comma = ",";
		}
	}
	if (le) {
		tc_buf_putf(out, "%sle=\"", comma);
		if (isinf(*le)) {
			tc_buf_puts(out, "+Inf");
		} else {
			put_number(out, *le);
		}
		tc_buf_puts(out, "\"");
		comma = ",";
	}
	tc_buf_puts(out, *comma == ',' ? "} " : " ");
}

static void put_line(struct tc_buf *out, const struct place *at, const char *suffix,
		     const double *le, double value)
{
	tc_buf_puts(out, at->family->name);
	tc_buf_puts(out, suffix);
	put_labels(out, at, le);
	put_number(out, value);
	tc_buf_puts(out, "\n");
}

static void put_histogram(struct tc_buf *out, const struct place *at, const struct series *s)
{
	static const double infinity = INFINITY;
	size_t n = bounds_of(at->family);
	uint64_t below = 0;
	for (size_t i = 0; i < n; i++) {
		below += s->bucket[i];
		put_line(out, at, "_bucket", &at->family->bounds[i], (double)below);
	}
	put_line(out, at, "_bucket", &infinity, (double)s->count);
	put_line(out, at, "_sum", NULL, s->value);
	put_line(out, at, "_count", NULL, (double)s->count);
}

static void put_family(const struct tc_registry *r, size_t index, struct tc_buf *out)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	const struct tc_metric_family *f = &r->families[index];
	size_t width = values_of(&f->label[1]);
	tc_buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kinds[f->kind]);
	for (size_t i = 0; i < series_of(f); i++) {
		struct place at = {f, i / width, i % width};
		const struct series *s = &r->series[r->first[index] + i];
		if (f->kind == TC_METRIC_HISTOGRAM) {
			put_histogram(out, &at, s);
		} else {
			put_line(out, &at, "", NULL, s->value);
		}
	}
}

void tc_registry_write(const struct tc_registry *r, struct tc_buf *out)
{
	for (size_t i = 0; i < r->count; i++) {
		put_family(r, i, out);
	}
}
