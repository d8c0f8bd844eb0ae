// SPDX-License-Identifier: Apache-2.0
#include "orb/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.sandbox");

#define MAX_FILES 1024

static scmp_filter_ctx filter; /* made, and not loaded yet */

/* By name: what this libseccomp or kernel does not know cannot be called either. */
static const char *const refused[] = {
	/* other programs and processes */
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
	"process_madvise", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp",
	"rt_sigqueueinfo", "rt_tgsigqueueinfo", "setpgid", "setsid",
	/* namespaces and file systems */
	"unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree",
	"move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "swapon",
	"swapoff", "quotactl", "quotactl_fd", "name_to_handle_at", "open_by_handle_at", "mknod",
	"mknodat", "fanotify_init",
	/* the kernel and the machine */
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "keyctl", "add_key", "request_key", "kexec_load", "kexec_file_load",
	"init_module", "finit_module", "delete_module", "reboot", "acct", "syslog", "iopl",
	"ioperm", "modify_ldt", "uselib", "nfsservctl", "lookup_dcookie", "vhangup", "sethostname",
	"setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime",
	"personality",
	/* other people */
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups",
	"setfsuid", "setfsgid", "capset"};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static int refuse_all(void)
{
	for (size_t i = 0; i < TC_COUNT(refused); i++) {
		int number = seccomp_syscall_resolve_name(refused[i]);
		int err = number == __NR_SCMP_ERROR
				  ? 0
				  : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
		if (err && err != -EDOM) { /* EDOM: not of this architecture */
			return err;
		}
	}
	return 0;
}

/* Threads only. clone3 keeps its flags in memory, where no filter looks: glibc takes ENOSYS for an
 * old kernel, and uses clone. */
static int refuse_processes(void)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return err ? err : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* Its own signals (raise, stacks.h), nobody else's: 0 and -1 are groups. */
static int refuse_signals(void)
{
	const scmp_datum_t own = (scmp_datum_t)getpid();
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(kill), 1,
				   SCMP_A0(SCMP_CMP_NE, own));
	err = err ? err
		  : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_NE, own));
	return err ? err : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tkill), 0);
}

/* All but a few families: a rule for each gap between them, as rules cannot be told "and not". */
static int refuse_sockets(void)
{
	int err = 0;
	for (int family = 0; family < AF_MAX && !err; family++) {
		bool needed = false;
		for (size_t i = 0; i < TC_COUNT(families); i++) {
			needed = needed || families[i] == family;
		}
		if (!needed) {
			err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
					       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
		}
	}
	return err ? err
		   : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_GE, AF_MAX));
}

int tc_sandbox_prepare(void)
{
	if (filter) {
		return 0;
	}
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter) {
		return -ENOMEM;
	}
	int err = refuse_all();
	err = err ? err : refuse_processes();
	err = err ? err : refuse_signals();
	err = err ? err : refuse_sockets();
	/* A tree of comparisons, not a list. And no flushing of caches at each switch to a thread
	 * that is filtered, which older kernels do: it would cost a quarter of our CPU. */
	err = err ? err : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	err = err ? err : seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	if (err) {
		seccomp_release(filter);
		filter = NULL;
	}
	return err;
}

void tc_sandbox_no_core(void)
{
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	/* A kernel that pipes cores to a program does not ask for the limit: so there is nothing
	 * in them. */
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = write(fd, "0", 1);
		(void)n;
		close(fd);
	}
}

static void limit_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > MAX_FILES) {
		files = (struct rlimit){MAX_FILES, MAX_FILES};
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

void tc_sandbox_enter(void)
{
	const char *setting = getenv("ORB_SANDBOX");
	tc_sandbox_no_core();
	if (setting && strcmp(setting, "false") == 0) {
		TC_WARN(NULL, "ORB_SANDBOX=false: no sandbox");
		return;
	}
	limit_files();
	int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
#ifndef __SANITIZE_ADDRESS__ /* whose search for leaks traces us from a process of its own */
	err = err ? err : tc_sandbox_prepare();
	err = err ? err : seccomp_load(filter);
#endif
	if (filter) {
		seccomp_release(filter);
		filter = NULL;
	}
	if (err) {
		TC_WARN(NULL, "no sandbox: %s", tc_err_str(err));
	}
}
