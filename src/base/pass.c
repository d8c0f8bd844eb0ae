// SPDX-License-Identifier: Apache-2.0
#include "base/pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int) * TC_PASS_MAX)];
};

int tc_pass_send(int sock, const void *data, size_t len, const int *fds, int count)
{
	TC_ASSERT(count >= 0 && count <= TC_PASS_MAX);
	union control control;
	struct iovec part = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	memset(&control, 0, sizeof(control));
	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
		memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)count);
	}
	ssize_t n;
	do {
		n = sendmsg(sock, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *message, int fds[TC_PASS_MAX])
{
	for (int i = 0; i < TC_PASS_MAX; i++) {
		fds[i] = -1;
	}
	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
			memcpy(fds, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
		}
	}
}

int tc_pass_recv(int sock, void *data, size_t size, int fds[TC_PASS_MAX])
{
	union control control;
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n;
	do {
		n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		message.msg_controllen = 0;
	}
	int err = n < 0 ? -errno : 0;
	take_fds(&message, fds);
	if (!err && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		err = -EMSGSIZE;
		for (int i = 0; i < TC_PASS_MAX; i++) {
			if (fds[i] >= 0) {
				close(fds[i]);
				fds[i] = -1;
			}
		}
	}
	return err ? err : (int)n;
}
