// SPDX-License-Identifier: Apache-2.0
/* Figures of the client itself, and the JSON. */
#define _GNU_SOURCE
#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

char json_text[16384];
static size_t json_len;

void json_add(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	json_len += (size_t)vsnprintf(json_text + json_len, sizeof json_text - json_len, fmt, ap);
	va_end(ap);
}

/* seconds of CPU that the whole machine has used, for what others took during the measurement */
double machine_busy(void)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "r");
	int n = f ? fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3,
			   v + 4, v + 5, v + 6, v + 7)
		  : 0;
	if (f)
		fclose(f);
	if (n != 8)
		return 0;
	return (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) / (double)sysconf(_SC_CLK_TCK);
}

double own_cpu(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)r.ru_utime.tv_sec + (double)r.ru_stime.tv_sec +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}
