// SPDX-License-Identifier: Apache-2.0
/* What an orb cannot do any more, and what it still can: each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "orb/sandbox.h"

/* Runs it in a sandbox of its own; what it returns. */
static int inside(int (*what)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		tc_sandbox_enter();
		_exit(what());
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int no_cores(void)
{
	struct rlimit limit;
	char text[16] = "";
	int fd = open("/proc/self/coredump_filter", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 && n > 0 &&
			       strtol(text, NULL, 16) == 0 &&
			       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
		       ? 0
		       : 1;
}

static void it_leaves_no_core_and_gains_no_right(void **state)
{
	assert_int_equal(inside(no_cores), 0);
}

#ifndef __SANITIZE_ADDRESS__

static int refused(long result)
{
	return result == -1 && errno == EPERM ? 0 : 1;
}

static int a_program(void)
{
	char *argv[] = {(char[]){"/bin/true"}, NULL};
	return refused(execv(argv[0], argv));
}

static int a_process(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		_exit(0);
	}
	return refused(pid);
}

static int a_signal_to_another(void)
{
	return refused(kill(getppid(), 0)) || refused(kill(-1, 0)) || refused(kill(0, 0)) ||
	       refused(syscall(SYS_pidfd_open, getppid(), 0)) ||
	       refused(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int a_look_at_another(void)
{
	return refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)) ||
	       refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}

static int a_namespace(void)
{
	return refused(unshare(CLONE_NEWUSER)) || refused(setns(0, 0)) ||
	       refused(syscall(SYS_mount, "a", "/", "tmpfs", 0, NULL));
}

static int the_kernel(void)
{
	return refused(syscall(SYS_bpf, 0, NULL, 0)) ||
	       refused(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0)) ||
	       refused(syscall(SYS_io_uring_setup, 1, NULL)) ||
	       refused(syscall(SYS_keyctl, 0, 0, 0, 0, 0)) ||
	       refused(syscall(SYS_init_module, NULL, 0, "")) ||
	       refused(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int a_strange_socket(void)
{
	return refused(socket(AF_PACKET, SOCK_RAW, 0)) || refused(socket(AF_ALG, SOCK_STREAM, 0)) ||
	       refused(socket(AF_VSOCK, SOCK_STREAM, 0)) || refused(socket(AF_MAX, 0, 0));
}

static void what_is_none_of_its_business_is_refused(void **state)
{
	assert_int_equal(inside(a_program), 0);
	assert_int_equal(inside(a_process), 0);
	assert_int_equal(inside(a_signal_to_another), 0);
	assert_int_equal(inside(a_look_at_another), 0);
	assert_int_equal(inside(a_namespace), 0);
	assert_int_equal(inside(the_kernel), 0);
	assert_int_equal(inside(a_strange_socket), 0);
}

static void *refused_in_a_thread(void *arg)
{
	return (void *)(intptr_t)a_program();
}

static int threads(void)
{
	pthread_t thread;
	void *result = (void *)1;
	return pthread_create(&thread, NULL, refused_in_a_thread, NULL) ||
	       pthread_join(thread, &result) || result;
}

static void threads_live_and_are_bound_too(void **state)
{
	assert_int_equal(inside(threads), 0);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	signals++;
}

static int a_call(void)
{
	struct addrinfo *found = NULL;
	signal(SIGUSR1, on_signal);
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp6 = socket(AF_INET6, SOCK_STREAM, 0);
	int local = socket(AF_UNIX, SOCK_STREAM, 0), links = socket(AF_NETLINK, SOCK_RAW, 0);
	struct sockaddr_in any = {.sin_family = AF_INET};
	bool ok = udp >= 0 && (tcp6 >= 0 || errno == EAFNOSUPPORT) && local >= 0 && links >= 0 &&
		  bind(udp, (struct sockaddr *)&any, sizeof(any)) == 0 &&
		  getaddrinfo("localhost", "80", NULL, &found) == 0 && raise(SIGUSR1) == 0 &&
		  kill(getpid(), SIGUSR1) == 0 && signals == 2;
	if (found) {
		freeaddrinfo(found);
	}
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return ok && memory != MAP_FAILED ? 0 : 1;
}

static void what_a_call_needs_it_has(void **state)
{
	assert_int_equal(inside(a_call), 0);
}

static void it_may_be_prepared_before(void **state)
{
	pid_t pid = fork();
	if (pid == 0) {
		int err = tc_sandbox_prepare() || tc_sandbox_prepare();
		tc_sandbox_enter();
		_exit(err || a_program() || a_signal_to_another() || a_call());
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int runs_a_program(void)
{
	char *argv[] = {(char[]){"/bin/true"}, NULL};
	execv(argv[0], argv);
	return 1;
}

static void it_can_be_turned_off(void **state)
{
	setenv("ORB_SANDBOX", "false", 1);
	assert_int_equal(inside(runs_a_program), 0);
	unsetenv("ORB_SANDBOX");
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_leaves_no_core_and_gains_no_right),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(what_is_none_of_its_business_is_refused),
		cmocka_unit_test(threads_live_and_are_bound_too),
		cmocka_unit_test(what_a_call_needs_it_has),
		cmocka_unit_test(it_may_be_prepared_before),
		cmocka_unit_test(it_can_be_turned_off),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
