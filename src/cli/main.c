// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/password.h"
#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "server/paths.h"

#define AT(field) .offset = offsetof(struct tc_cli_args, field)

static const struct tc_option flags[] = {
	{.name = "EMAIL", .type = TC_OPTION_STR, AT(email), .doc = "the person's address"},
	{.name = "NAME", .type = TC_OPTION_STR, AT(name), .doc = "the name others see"},
	{.name = "ROLE",
	 .type = TC_OPTION_STR,
	 AT(role),
	 .doc = "coach, client or admin; of a token also ai"},
	{.name = "PASSWORD_STDIN",
	 .type = TC_OPTION_BOOL,
	 AT(password_stdin),
	 .initial = "false",
	 .doc = "the password is the first line of standard input; else one is made and shown"},
	{.name = "ROOM",
	 .type = TC_OPTION_STR,
	 AT(room),
	 .doc = "the room's id: 1-128 characters of A-Z a-z 0-9 _ . : @ -"},
	{.name = "COACH", .type = TC_OPTION_STR, AT(coach), .doc = "email of the coach"},
	{.name = "CLIENT", .type = TC_OPTION_STR, AT(client), .doc = "email of the client"},
	{.name = "STARTS",
	 .type = TC_OPTION_STR,
	 AT(starts),
	 .doc = "when, as 2026-11-23T18:00:00Z; none: any time"},
	{.name = "MINUTES",
	 .type = TC_OPTION_INT,
	 AT(minutes),
	 .initial = "50",
	 .min = 1,
	 .max = 1440,
	 .unit = "minutes",
	 .doc = "how long"},
	{.name = "STATUS",
	 .type = TC_OPTION_ENUM,
	 AT(status),
	 .initial = "scheduled",
	 .choices = "scheduled|test",
	 .doc = "test: to try out microphone and camera"},
	{.name = "KEY", .type = TC_OPTION_STR, AT(key), .doc = "id of the API key that signs"},
	{.name = "USER", .type = TC_OPTION_STR, AT(user), .doc = "the user's id"},
	{.name = "TTL",
	 .type = TC_OPTION_STR,
	 AT(ttl),
	 .initial = "6h",
	 .doc = "how long it is good: 90s, 15m, 6h, 7d"},
	{.name = "FORMAT",
	 .type = TC_OPTION_ENUM,
	 AT(format),
	 .initial = "md",
	 .choices = "json|md|vtt",
	 .doc = "json, md or vtt"},
	{.name = "JSON", .type = TC_OPTION_BOOL, AT(json), .initial = "false", .doc = "print JSON"},
	{.name = "MARKDOWN",
	 .type = TC_OPTION_BOOL,
	 AT(markdown),
	 .initial = "false",
	 .doc = "print docs/configuration.md"},
	{.name = "WAIT",
	 .type = TC_OPTION_BOOL,
	 AT(wait),
	 .initial = "false",
	 .doc = "until the server has ended"},
	{.name = "HELP", .type = TC_OPTION_BOOL, AT(help), .initial = "false", .doc = "this text"},
};

static const struct tc_cli_command commands[] = {
	{"serve", NULL, "", "run the server", tc_cli_serve},
	{"user add", NULL, "EMAIL NAME ROLE PASSWORD_STDIN JSON",
	 "add a person; prints the user's id", tc_cli_user_add},
	{"appointment add", NULL, "ROOM COACH CLIENT STARTS MINUTES STATUS JSON",
	 "give a coach and a client a room", tc_cli_appointment_add},
	{"token create", NULL, "KEY ROOM USER NAME ROLE TTL JSON",
	 "sign a join token; prints the JWT", tc_cli_token_create},
	{"session list", NULL, "ROOM JSON", "the sessions there were", tc_cli_session_list},
	{"session show", "ID", "JSON", "one session: when, who, its summary", tc_cli_session_show},
	{"session export", "ID", "FORMAT JSON", "one session with all that was said",
	 tc_cli_session_export},
	{"orbs", NULL, "JSON", "the orbs of the running server", tc_cli_orbs},
	{"drain", NULL, "WAIT JSON",
	 "the running server begins no sessions, and ends once those that run are over",
	 tc_cli_drain},
	{"probe", NULL, "", "take part in calls as a person would, and tell how it went", NULL,
	 "tricall-probe"},
	{"config", NULL, "JSON MARKDOWN", "the settings in force and where each came from",
	 tc_cli_config},
	{"doctor", NULL, "JSON", "is everything there: libraries, models, port, disk",
	 tc_cli_doctor},
	{"version", NULL, "JSON", "the version", tc_cli_version},
};

int tc_cli_fail(int exit_code, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One line, whatever a user's value holds. */
	for (char *p = line; *p; p++) {
		*p = (unsigned char)*p < ' ' ? ' ' : *p;
	}
	fprintf(stderr, "tricall: %s\n", line);
	return exit_code;
}

struct tc_store *tc_cli_store(const struct tc_cli *cli, bool must_exist)
{
	struct tc_store *store = NULL;
	char why[512];
	struct tc_store_config config = {.data_dir = cli->set->config.data_dir,
					 .must_exist = must_exist};
	if (tc_store_open(&store, &config, why, sizeof(why))) {
		tc_cli_fail(TC_EXIT_FAILED, "%s", why);
		return NULL;
	}
	return store;
}

int tc_cli_fail_store(const struct tc_cli *cli, const char *what, int err)
{
	return tc_cli_fail(
		TC_EXIT_FAILED, "%s: %s%s%s", what, tc_err_str(err),
		err == -EIO ? "; the database may be damaged: see tricall doctor --data-dir " : "",
		err == -EIO ? cli->set->config.data_dir : "");
}

bool tc_cli_print(struct tc_buf *buf)
{
	size_t n = buf->err ? 0 : fwrite(buf->data, 1, buf->len, stdout);
	bool ok = !buf->err && n == buf->len && fflush(stdout) == 0;
	tc_buf_finish(buf);
	if (!ok) {
		tc_cli_fail(TC_EXIT_FAILED, "cannot write to standard output");
	}
	return ok;
}

static bool listed(const char *names, const char *name)
{
	size_t len = strlen(name);
	for (const char *p = names; *p;) {
		size_t n = strcspn(p, " ");
		if (n == len && memcmp(p, name, n) == 0) {
			return true;
		}
		p += n + (p[n] == ' ');
	}
	return false;
}

static int command_help(const struct tc_cli_command *command, const struct tc_config_set *set)
{
	struct tc_buf out;
	tc_buf_init(&out);
	tc_buf_putf(&out, "usage: tricall %s %s%s[flags]\n\n%s\n\n", command->words,
		    command->operand ? command->operand : "", command->operand ? " " : "",
		    command->doc);
	for (size_t i = 0; i < TC_COUNT(flags); i++) {
		if (listed(command->flags, flags[i].name) || strcmp(flags[i].name, "HELP") == 0) {
			struct tc_options one = {.table = &flags[i], .count = 1};
			tc_options_help(&one, &out);
		}
	}
	if (command->run == tc_cli_serve || command->run == tc_cli_config) {
		tc_buf_puts(&out,
			    "\nsettings (also from the environment and .env, as UPPER_CASE):\n");
		tc_options_help(&set->options, &out);
	} else {
		tc_buf_puts(&out, "  --data-dir                   folder of the database; default "
				  "./data\n");
	}
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Takes the words of the command out of argv; NULL if there is no such command. */
static const struct tc_cli_command *find_command(int *argc, char **argv)
{
	for (size_t i = 0; i < TC_COUNT(commands); i++) {
		char words[32];
		snprintf(words, sizeof(words), "%s", commands[i].words);
		char *second = strchr(words, ' ');
		if (second) {
			*second++ = '\0';
		}
		int taken = second ? 2 : 1;
		if (*argc <= taken || strcmp(argv[1], words) != 0 ||
		    (second && strcmp(argv[2], second) != 0)) {
			continue;
		}
		memmove(argv + 1, argv + 1 + taken, (size_t)(*argc - taken) * sizeof(*argv));
		*argc -= taken;
		return &commands[i];
	}
	return NULL;
}

/* Is it of the family `word`, as "user add" is of "user"? */
static bool is_of(const struct tc_cli_command *command, const char *word)
{
	size_t n = strcspn(command->words, " ");
	return command->words[n] && strlen(word) == n && memcmp(word, command->words, n) == 0;
}

/* "list, show, export"; empty if there is no such family. */
static void list_family(const char *word, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < TC_COUNT(commands); i++) {
		size_t len = strlen(out);
		if (is_of(&commands[i], word)) {
			snprintf(out + len, size - len, "%s%s", len ? ", " : "",
				 strchr(commands[i].words, ' ') + 1);
		}
	}
}

/* All commands, or those of one family. */
static int usage(const char *family)
{
	struct tc_buf out;
	tc_buf_init(&out);
	tc_buf_putf(&out, "usage: tricall %s [--help] [flags]\n\n", family ? family : "COMMAND");
	for (size_t i = 0; i < TC_COUNT(commands); i++) {
		if (!family || is_of(&commands[i], family)) {
			tc_buf_putf(&out, "  %-16s %-3s %s\n", commands[i].words,
				    commands[i].operand ? commands[i].operand : "",
				    commands[i].doc);
		}
	}
	tc_buf_puts(&out,
		    "\nEvery command takes --data-dir and the other settings of `tricall serve "
		    "--help`.\n");
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

static int no_such_command(int argc, char **argv)
{
	char family[128];
	if (argc < 2) {
		return tc_cli_fail(TC_EXIT_USAGE, "expected a command: see tricall --help");
	}
	list_family(argv[1], family, sizeof(family));
	if (!family[0]) {
		return tc_cli_fail(TC_EXIT_USAGE, "%s: no such command; see tricall --help",
				   argv[1]);
	}
	if (argc > 2 && asks_for_help(argv[2])) {
		return usage(argv[1]);
	}
	if (argc > 2 && argv[2][0] != '-') {
		return tc_cli_fail(TC_EXIT_USAGE, "%s %s: no such command; expected tricall %s %s",
				   argv[1], argv[2], argv[1], family);
	}
	return tc_cli_fail(TC_EXIT_USAGE, "%s: expected one of %s; see tricall %s --help", argv[1],
			   family, argv[1]);
}

/* What neither the settings nor this command's flags took. */
static int check_rest(const struct tc_cli_command *command, struct tc_options *own, int argc,
		      char **argv, struct tc_cli *cli)
{
	for (size_t i = 0; i < TC_COUNT(flags); i++) {
		if (own->source[i] == TC_FROM_FLAG && !listed(command->flags, flags[i].name) &&
		    strcmp(flags[i].name, "HELP") != 0) {
			return tc_cli_fail(TC_EXIT_USAGE, "%s: takes no %s; see tricall %s --help",
					   command->words, flags[i].name, command->words);
		}
	}
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' || !command->operand || cli->operand) {
			return tc_cli_fail(TC_EXIT_USAGE,
					   "%s: unexpected %s; see tricall %s --help",
					   command->words, argv[i], command->words);
		}
		cli->operand = argv[i];
	}
	if (command->operand && !cli->operand) {
		return tc_cli_fail(TC_EXIT_USAGE, "%s: expected %s", command->words,
				   command->operand);
	}
	return TC_EXIT_OK;
}

static int run_command(const struct tc_cli_command *command, int argc, char **argv)
{
	struct tc_config_set set;
	struct tc_cli_args args = {0};
	struct tc_options own = {0};
	struct tc_cli cli = {.set = &set, .args = &args};
	bool wants_help = false;
	for (int i = 1; i < argc; i++) {
		wants_help = wants_help || asks_for_help(argv[i]);
	}
	int exit_code = TC_EXIT_USAGE;
	int err = tc_config_load(&set, &argc, argv);
	if (err && !wants_help) {
		tc_cli_fail(exit_code, "%s", set.options.error);
		goto out;
	}
	err = tc_options_init(&own, flags, TC_COUNT(flags), &args);
	err = err ? err : tc_options_load_flags(&own, &argc, argv);
	if (wants_help) {
		exit_code = command_help(command, &set);
		goto out;
	}
	if (err) {
		tc_cli_fail(exit_code, "%s", own.error);
		goto out;
	}
	exit_code = check_rest(command, &own, argc, argv, &cli);
	if (exit_code == TC_EXIT_OK) {
		enum tc_log_format format =
			strcmp(set.config.log_format, "json") == 0 ? TC_LOG_JSON : TC_LOG_TEXT;
		(void)tc_log_init(set.config.log_level ? set.config.log_level : "info", format);
		exit_code = tc_auth_init() ? tc_cli_fail(TC_EXIT_FAILED, "libsodium does not start")
					   : command->run(&cli);
	}
out:
	tc_options_finish(&own);
	tc_config_finish(&set);
	return exit_code;
}

/* What it links is kept out of the server (docs/adr/0014). */
static int run_program(const struct tc_cli_command *command, char **argv)
{
	char path[PATH_MAX];
	int err = tc_path_beside(command->program, path, sizeof(path));
	if (!err) {
		argv[0] = path;
		execv(path, argv);
		err = -errno;
	}
	return tc_cli_fail(TC_EXIT_FAILED, "%s: %s", path, tc_err_str(err));
}

int main(int argc, char **argv)
{
	if (argc == 2 && (asks_for_help(argv[1]) || strcmp(argv[1], "help") == 0)) {
		return usage(NULL);
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		static char version[] = "version";
		argv[1] = version;
	}
	const struct tc_cli_command *command = find_command(&argc, argv);
	if (command && command->program) {
		return run_program(command, argv);
	}
	return command ? run_command(command, argc, argv) : no_such_command(argc, argv);
}
