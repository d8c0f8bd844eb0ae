// SPDX-License-Identifier: Apache-2.0
/* tricall-probe: a synthetic participant. `tricall probe` runs it. */
#include <errno.h>
#include <stdio.h>

#include "auth/password.h"
#include "base/log.h"
#include "probe/args.h"
#include "probe/report.h"
#include "probe/run.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE = 64 /* EX_USAGE of sysexits.h */ };

static int fail(int code, const char *why)
{
	fprintf(stderr, "tricall probe: %s\n", why);
	return code;
}

static int print(struct tc_buf *buf)
{
	bool ok = !buf->err && fwrite(buf->data, 1, buf->len, stdout) == buf->len &&
		  fflush(stdout) == 0;
	tc_buf_finish(buf);
	return ok ? EXIT_WELL : fail(EXIT_FAILED, "cannot write to standard output");
}

static int report(struct tc_run *run)
{
	struct tc_buf out;
	tc_buf_init(&out);
	if (run->args->json) {
		tc_report_json(run, &out);
	} else {
		tc_report_text(run, &out);
	}
	int code = print(&out);
	return tc_run_failed(run) ? EXIT_FAILED : code;
}

static int probe(const struct tc_probe_args *args)
{
	struct tc_run run;
	char why[300] = "";
	int code;
	int err = tc_run_create(&run, args, why, sizeof(why));
	if (err) {
		code = fail(err == -EINVAL ? EXIT_USAGE : EXIT_FAILED, why);
	} else {
		tc_run_loop(&run);
		code = report(&run);
	}
	tc_run_destroy(&run);
	return code;
}

static int tell(bool help)
{
	struct tc_buf out;
	tc_buf_init(&out);
	if (help) {
		tc_probe_args_help(&out);
	} else {
		tc_buf_puts(&out, "tricall probe " TC_VERSION "\n");
	}
	return print(&out);
}

int main(int argc, char **argv)
{
	struct tc_probe_args args;
	char error[300] = "out of memory";
	int code = EXIT_USAGE;
	if (tc_probe_args_parse(&args, argc, argv, error, sizeof(error)) != 0) {
		fail(code, error);
	} else if (args.help || args.version) {
		code = tell(args.help);
	} else if (tc_log_init(args.log_level, TC_LOG_TEXT) != 0) {
		fail(code, "--log-level: expected LEVEL[,GLOB=LEVEL...] with error, warn, info, "
			   "debug or trace");
	} else {
		code = tc_auth_init() ? fail(EXIT_FAILED, "libsodium does not start")
				      : probe(&args);
	}
	tc_probe_args_finish(&args);
	return code;
}
