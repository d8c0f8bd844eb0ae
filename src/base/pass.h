/* base/pass.h -- one message and some descriptors over a Unix SOCK_SEQPACKET socket.
 *
 * Neither call waits beyond what the socket does (O_NONBLOCK: not at all). Thread: any.
 */
#ifndef TC_BASE_PASS_H
#define TC_BASE_PASS_H

#include <stddef.h>

#define TC_PASS_MAX 4 /* descriptors a message */

/* The other side gets copies of `fds`; ours stay open. 0, or a negative errno: -EMSGSIZE, -EAGAIN,
 * -EPIPE (never SIGPIPE). */
int tc_pass_send(int sock, const void *data, size_t len, const int *fds, int count);
/* Bytes received, 0 at the end, or a negative errno; -EMSGSIZE: it did not fit and is lost. Of
 * `fds` all TC_PASS_MAX are written: close-on-exec descriptors, owned by the caller, then -1. */
int tc_pass_recv(int sock, void *data, size_t size, int fds[TC_PASS_MAX]);

#endif
