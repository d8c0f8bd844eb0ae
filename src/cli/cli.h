/* cli/cli.h -- the subcommands of tricall. Each gets its own arguments, parsed, and the settings.
 */
#ifndef TC_CLI_CLI_H
#define TC_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/options.h"
#include "server/config.h"
#include "store/store.h"

#define TC_EXIT_OK     0
#define TC_EXIT_FAILED 1
#define TC_EXIT_USAGE  64 /* EX_USAGE of sysexits.h */

/* Every subcommand's own flags, in one struct; text is NULL when not given. */
struct tc_cli_args {
	char *email, *name, *role;
	bool password_stdin;
	char *room, *coach, *client, *starts, *status;
	int64_t minutes;
	char *key, *user, *ttl;
	char *format;
	bool json, markdown, wait, help;
};

struct tc_cli {
	const struct tc_config_set *set;
	const struct tc_cli_args *args;
	const char *operand; /* what stands alone: a session's id; NULL: none */
};

struct tc_cli_command {
	const char *words;   /* "user add" */
	const char *operand; /* "ID" when one is required, else NULL */
	const char *flags;   /* names of tc_cli_args' flags it takes: "EMAIL NAME" */
	const char *doc;
	int (*run)(const struct tc_cli *cli);
	const char *program; /* in place of run: beside us, it takes all arguments as they are */
};

int tc_cli_serve(const struct tc_cli *cli);
int tc_cli_user_add(const struct tc_cli *cli);
int tc_cli_appointment_add(const struct tc_cli *cli);
int tc_cli_token_create(const struct tc_cli *cli);
int tc_cli_session_list(const struct tc_cli *cli);
int tc_cli_session_show(const struct tc_cli *cli);
int tc_cli_session_export(const struct tc_cli *cli);
int tc_cli_config(const struct tc_cli *cli);
int tc_cli_orbs(const struct tc_cli *cli);
int tc_cli_drain(const struct tc_cli *cli);
int tc_cli_doctor(const struct tc_cli *cli);
int tc_cli_version(const struct tc_cli *cli);

/* One line to stderr; the exit code back. */
int tc_cli_fail(int exit_code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NULL and the line printed if it cannot be opened. */
struct tc_store *tc_cli_store(const struct tc_cli *cli, bool must_exist);
/* The store said `err`: a line of what failed and, where it helps, what to do. The exit code. */
int tc_cli_fail_store(const struct tc_cli *cli, const char *what, int err);
/* stdout; false (and the line printed) if it could not be written. Finishes the buffer. */
bool tc_cli_print(struct tc_buf *buf);

/* values.c: what people type. */
bool tc_cli_email_ok(const char *email);
bool tc_cli_name_ok(const char *name);
/* "2026-11-23T18:00:00Z", "2026-11-23T18:00+01:00", "2026-11-23 18:00" (local time). */
int tc_cli_parse_time(const char *text, int64_t *out_ms);
/* "90", "90s", "15m", "6h", "7d" -> seconds, 1 s to a year. */
int tc_cli_parse_duration(const char *text, int64_t *out_s);

#endif
