// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/password.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

#define SHORT_PASSWORD 8

/* The first line of stdin; false when there is none or it does not fit. */
static bool read_password(char *out, size_t size)
{
	if (!fgets(out, (int)size, stdin)) {
		return false;
	}
	size_t n = strcspn(out, "\r\n");
	bool whole = out[n] != '\0' || feof(stdin);
	out[n] = '\0';
	return whole && n > 0 && n <= TC_PASSWORD_MAX;
}

static int check_user(const struct tc_cli_args *args, struct tc_user *user)
{
	if (!args->email || !tc_cli_email_ok(args->email)) {
		return tc_cli_fail(TC_EXIT_USAGE,
				   "--email=%s: expected an address as a@example.org",
				   args->email ? args->email : "");
	}
	if (!args->name || !tc_cli_name_ok(args->name)) {
		return tc_cli_fail(TC_EXIT_USAGE,
				   "--name=%s: expected 1 to 255 bytes of UTF-8 without control "
				   "characters",
				   args->name ? args->name : "");
	}
	user->role = tc_role_parse(args->role ? args->role : "");
	if (user->role != TC_ROLE_COACH && user->role != TC_ROLE_CLIENT &&
	    user->role != TC_ROLE_ADMIN) {
		return tc_cli_fail(TC_EXIT_USAGE, "--role=%s: expected coach, client or admin",
				   args->role ? args->role : "");
	}
	snprintf(user->email, sizeof(user->email), "%s", args->email);
	snprintf(user->name, sizeof(user->name), "%s", args->name);
	tc_id_random(user->id, 20);
	user->created_ms = tc_clock_wall_ms(tc_clock_system());
	return TC_EXIT_OK;
}

static int print_user(const struct tc_cli_args *args, const struct tc_user *user,
		      const char *password)
{
	struct tc_buf out;
	tc_buf_init(&out);
	if (args->json) {
		struct tc_json_writer w;
		tc_json_writer_init(&w, &out);
		tc_json_begin_object(&w);
		tc_json_field_str(&w, "id", user->id);
		tc_json_field_str(&w, "email", user->email);
		tc_json_field_str(&w, "name", user->name);
		tc_json_field_str(&w, "role", tc_role_str(user->role));
		if (!args->password_stdin) {
			tc_json_field_str(&w, "password", password);
		}
		tc_json_end_object(&w);
		tc_buf_puts(&out, "\n");
	} else {
		/* Alone on stdout, so that a script can take it; the password is for a person. */
		tc_buf_putf(&out, "%s\n", user->id);
		if (!args->password_stdin) {
			fprintf(stderr, "password: %s\n", password);
		}
	}
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

static int add_user(const struct tc_cli *cli, const struct tc_user *user, const char *password)
{
	char hash[TC_PASSWORD_HASH_SIZE];
	int err = tc_password_hash(password, hash);
	if (err) {
		return tc_cli_fail(TC_EXIT_FAILED, "cannot hash the password: %s", tc_err_str(err));
	}
	struct tc_store *store = tc_cli_store(cli, false);
	if (!store) {
		return TC_EXIT_FAILED;
	}
	err = tc_store_user_add(store, user, hash);
	tc_store_close(store);
	if (err == -EEXIST) {
		return tc_cli_fail(TC_EXIT_FAILED, "%s: there is a user with this email",
				   user->email);
	}
	return err ? tc_cli_fail(TC_EXIT_FAILED, "cannot add the user: %s", tc_err_str(err))
		   : TC_EXIT_OK;
}

int tc_cli_user_add(const struct tc_cli *cli)
{
	struct tc_user user = {0};
	char password[TC_PASSWORD_MAX + 3] = "";
	int exit_code = check_user(cli->args, &user);
	if (exit_code) {
		return exit_code;
	}
	if (!cli->args->password_stdin) {
		tc_password_generate(password);
	} else if (!read_password(password, sizeof(password))) {
		return tc_cli_fail(TC_EXIT_USAGE,
				   "--password-stdin: expected a line of 1 to %d bytes on stdin",
				   TC_PASSWORD_MAX);
	}
	exit_code = add_user(cli, &user, password);
	if (exit_code) {
		return exit_code;
	}
	if (strlen(password) < SHORT_PASSWORD) {
		fprintf(stderr, "tricall: this password is short; %d characters are worth having\n",
			SHORT_PASSWORD);
	}
	return print_user(cli->args, &user, password);
}

static int find_person(struct tc_store *store, const char *flag, const char *email, char *id)
{
	struct tc_user user;
	int err = tc_store_user_by_email(store, email, &user, NULL, 0);
	if (err) {
		return tc_cli_fail(TC_EXIT_FAILED, "--%s=%s: %s", flag, email,
				   err == -ENOENT ? "no user has this email" : tc_err_str(err));
	}
	/* The wrong way round each would get the other's page. */
	bool as_coach = strcmp(flag, "coach") == 0;
	if (as_coach == (user.role == TC_ROLE_CLIENT)) {
		return tc_cli_fail(TC_EXIT_FAILED, "--%s=%s: is a %s, expected a %s", flag, email,
				   tc_role_str(user.role), flag);
	}
	snprintf(id, TC_ID_SIZE, "%s", user.id);
	return TC_EXIT_OK;
}

static int check_appointment(const struct tc_cli_args *args, struct tc_appointment *a)
{
	if (!args->room || !tc_id_valid(args->room)) {
		return tc_cli_fail(
			TC_EXIT_USAGE,
			"--room=%s: expected 1 to 128 characters of A-Z a-z 0-9 _ . : @ -",
			args->room ? args->room : "");
	}
	if (!args->coach || !args->client) {
		return tc_cli_fail(TC_EXIT_USAGE, "--%s: expected an email",
				   args->coach ? "client" : "coach");
	}
	if (strcasecmp(args->coach, args->client) == 0) {
		return tc_cli_fail(TC_EXIT_USAGE,
				   "--client=%s: expected somebody else than the coach",
				   args->client);
	}
	if (args->starts && tc_cli_parse_time(args->starts, &a->starts_ms)) {
		return tc_cli_fail(TC_EXIT_USAGE,
				   "--starts=%s: expected a time as 2026-11-23T18:00:00Z",
				   args->starts);
	}
	snprintf(a->room, sizeof(a->room), "%s", args->room);
	a->minutes = args->minutes;
	a->test = strcmp(args->status, "test") == 0;
	return TC_EXIT_OK;
}

static int store_appointment(struct tc_store *store, const struct tc_cli_args *args,
			     struct tc_appointment *a)
{
	int exit_code = find_person(store, "coach", args->coach, a->coach);
	exit_code = exit_code ? exit_code : find_person(store, "client", args->client, a->client);
	if (exit_code) {
		return exit_code;
	}
	int err = tc_store_appointment_add(store, a);
	if (err) {
		return tc_cli_fail(TC_EXIT_FAILED, "room %s: %s", a->room,
				   err == -EEXIST ? "it has an appointment already"
						  : tc_err_str(err));
	}
	return TC_EXIT_OK;
}

static int print_appointment(const struct tc_cli *cli, const struct tc_appointment *a)
{
	struct tc_buf out;
	tc_buf_init(&out);
	if (cli->args->json) {
		struct tc_json_writer w;
		tc_json_writer_init(&w, &out);
		tc_json_begin_object(&w);
		tc_json_field_str(&w, "room", a->room);
		tc_json_field_str(&w, "coach", a->coach);
		tc_json_field_str(&w, "client", a->client);
		tc_json_key(&w, "startsMs");
		if (a->starts_ms) {
			tc_json_put_int(&w, a->starts_ms);
		} else {
			tc_json_put_str(&w, NULL);
		}
		tc_json_field_int(&w, "minutes", a->minutes);
		tc_json_field_str(&w, "status", a->test ? "test" : "scheduled");
		tc_json_end_object(&w);
		tc_buf_puts(&out, "\n");
	} else {
		tc_buf_putf(&out, "%s\n", a->room);
	}
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

int tc_cli_appointment_add(const struct tc_cli *cli)
{
	struct tc_appointment a = {0};
	int exit_code = check_appointment(cli->args, &a);
	if (exit_code) {
		return exit_code;
	}
	/* Without a database there is nobody to give a room to. */
	struct tc_store *store = tc_cli_store(cli, true);
	if (!store) {
		return TC_EXIT_FAILED;
	}
	exit_code = store_appointment(store, cli->args, &a);
	tc_store_close(store);
	return exit_code ? exit_code : print_appointment(cli, &a);
}

static int check_claims(const struct tc_cli *cli, struct tc_jwt_claims *claims)
{
	const struct tc_cli_args *args = cli->args;
	const char *rule = "1 to 128 characters of A-Z a-z 0-9 _ . : @ -";
	if (!args->key || !tc_api_keys_find(&cli->set->config.api_keys, args->key)) {
		return tc_cli_fail(TC_EXIT_USAGE, "--key=%s: expected the id of a key in API_KEYS",
				   args->key ? args->key : "");
	}
	if (!args->room || !tc_id_valid(args->room)) {
		return tc_cli_fail(TC_EXIT_USAGE, "--room=%s: expected %s",
				   args->room ? args->room : "", rule);
	}
	if (!args->user || !tc_id_valid(args->user)) {
		return tc_cli_fail(TC_EXIT_USAGE, "--user=%s: expected %s",
				   args->user ? args->user : "", rule);
	}
	const char *name = args->name ? args->name : args->user;
	if (!tc_cli_name_ok(name)) {
		return tc_cli_fail(TC_EXIT_USAGE, "--name=%s: expected 1 to 255 bytes of UTF-8",
				   name);
	}
	claims->role = tc_role_parse(args->role ? args->role : "");
	if (claims->role == TC_ROLE_NONE) {
		return tc_cli_fail(TC_EXIT_USAGE, "--role=%s: expected coach, client, ai or admin",
				   args->role ? args->role : "");
	}
	int64_t ttl_s = 0;
	if (tc_cli_parse_duration(args->ttl, &ttl_s)) {
		return tc_cli_fail(TC_EXIT_USAGE, "--ttl=%s: expected a time as 90s, 15m, 6h or 7d",
				   args->ttl);
	}
	int64_t now_s = tc_clock_wall_ms(tc_clock_system()) / 1000;
	claims->expires_s = now_s + ttl_s;
	snprintf(claims->issuer, sizeof(claims->issuer), "%s", args->key);
	snprintf(claims->subject, sizeof(claims->subject), "%s", args->user);
	snprintf(claims->name, sizeof(claims->name), "%s", name);
	snprintf(claims->room, sizeof(claims->room), "%s", args->room);
	return TC_EXIT_OK;
}

int tc_cli_token_create(const struct tc_cli *cli)
{
	struct tc_jwt_claims claims = {0};
	int exit_code = check_claims(cli, &claims);
	if (exit_code) {
		return exit_code;
	}
	char token[TC_JWT_MAX + 1];
	int err = tc_jwt_sign(&claims, &cli->set->config.api_keys, token, sizeof(token));
	if (err < 0) {
		return tc_cli_fail(TC_EXIT_FAILED, "cannot sign: %s", tc_err_str(err));
	}
	struct tc_buf out;
	tc_buf_init(&out);
	if (cli->args->json) {
		struct tc_json_writer w;
		tc_json_writer_init(&w, &out);
		tc_json_begin_object(&w);
		tc_json_field_str(&w, "token", token);
		tc_json_field_int(&w, "exp", claims.expires_s);
		tc_json_end_object(&w);
		tc_buf_puts(&out, "\n");
	} else {
		tc_buf_putf(&out, "%s\n", token);
	}
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}
