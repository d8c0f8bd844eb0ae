// SPDX-License-Identifier: Apache-2.0
/* Control groups, on a tree of plain files: what is written where. A real one needs a machine that
 * delegates it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/orbs/cgroup.h"

static char mount[] = "/tmp/tricall-cgroup-XXXXXX";
static char self[64], own[64];

static void put(const char *dir, const char *file, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void expect(const char *file, const char *text)
{
	char path[256], data[128] = "";
	snprintf(path, sizeof(path), "%s/%s", own, file);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	size_t n = fread(data, 1, sizeof(data) - 1, in);
	data[n] = '\0';
	fclose(in);
	assert_string_equal(data, text);
}

static int make_tree(void **state)
{
	if (!mkdtemp(mount)) {
		return -1;
	}
	snprintf(self, sizeof(self), "%s/self", mount);
	snprintf(own, sizeof(own), "%s/a.slice", mount);
	return mkdir(own, 0755);
}

static int remove_tree(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", mount);
	return system(command);
}

static int delegate(void)
{
	return geteuid() != 0 || setxattr(own, "user.delegate", "1", 1, 0) == 0 ||
	       setxattr(own, "trusted.delegate", "1", 1, 0) == 0;
}

static struct tc_cgroup_config good(void)
{
	return (struct tc_cgroup_config){
		.memory_mb = 2048, .cpu_percent = 50, .mount = mount, .self = self};
}

static void what_is_missing_is_said(void **state)
{
	struct tc_cgroup_config config = good();
	char why[256] = "";
	put(mount, "self", "9:name=systemd:/\n1:cpu:/\n");
	assert_int_equal(tc_cgroups_check(&config, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "no control groups of version 2");
	put(mount, "self", "1:cpu:/\n0::/a.slice\n");
	put(own, "cgroup.controllers", "cpuset io memory pids\n"); /* cpuset is not cpu */
	assert_int_equal(tc_cgroups_check(&config, why, sizeof(why)), -ENOTSUP);
	put(own, "cgroup.controllers", "cpuset cpu io memory pids\n");
	assert_int_equal(tc_cgroups_check(&config, why, sizeof(why)), -EACCES);
	assert_string_equal(why, "our control group is not delegated to us");
}

static void an_orb_gets_a_group_with_its_limits(void **state)
{
	struct tc_cgroup_config config = good();
	struct tc_cgroups *groups = NULL;
	char why[256] = "", text[32];
	put(own, "cgroup.subtree_control", "");
	if (!delegate()) {
		skip();
	}
	put(mount, "self", "0::/a.slice/.control\n"); /* as ExecStartPre sees it */
	assert_int_equal(tc_cgroups_check(&config, why, sizeof(why)), 0);
	put(mount, "self", "0::/a.slice\n");
	assert_int_equal(tc_cgroups_create(&groups, &config, why, sizeof(why)), 0);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	expect("server/cgroup.procs", text);
	expect("cgroup.subtree_control", "+cpu +memory +pids");
	assert_int_equal(tc_cgroups_enter(groups, 4711), 0);
	expect("orb-4711/cgroup.procs", "4711");
	expect("orb-4711/memory.max", "2048000000");
	expect("orb-4711/memory.oom.group", "1");
	expect("orb-4711/cpu.max", "100000 100000");
	expect("orb-4711/pids.max", "512");
	assert_int_equal(tc_cgroups_out_of_memory(groups, 4711), 0);
	char dir[128];
	snprintf(dir, sizeof(dir), "%s/orb-4711", own);
	put(dir, "memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 3\noom_group_kill 1\n");
	assert_int_equal(tc_cgroups_out_of_memory(groups, 4711), 3);
	tc_cgroups_leave(groups, 4711); /* plain files keep it from going: they are killed */
	expect("orb-4711/cgroup.kill", "1");
	tc_cgroups_destroy(groups);
}

static void without_one_nothing_happens(void **state)
{
	assert_int_equal(tc_cgroups_enter(NULL, 1), -ENOTSUP);
	assert_int_equal(tc_cgroups_out_of_memory(NULL, 1), 0);
	tc_cgroups_leave(NULL, 1);
	tc_cgroups_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_said),
		cmocka_unit_test(an_orb_gets_a_group_with_its_limits),
		cmocka_unit_test(without_one_nothing_happens),
	};
	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
