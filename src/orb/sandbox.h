/* orb/sandbox.h -- what an orb can no longer do once it has its room.
 *
 * It reads what strangers send (RTP, SDP, DTLS), so a defect of ours must not become a shell: no
 * new program, no new process, no other process touched, no kernel module, mount, namespace, trace
 * or key; new sockets of the kinds a call needs only; no gain of rights; no core, in which there
 * would be what people said. What it needs it has: files it may read, the network, threads.
 *
 * A list of what is refused, not of what is allowed: GLib, OpenSSL, the resolver and the speech
 * libraries choose their system calls by libc, kernel and settings, and a call refused in the
 * middle of somebody's session is worse than one more that an attacker, who has no right beyond
 * the orb's own, may make. What is refused gets EPERM, and the orb goes on.
 */
#ifndef TC_ORB_SANDBOX_H
#define TC_ORB_SANDBOX_H

/* For each process of ours, the nest too: no cores. */
void tc_sandbox_no_core(void);
/* Makes the filter, which takes a moment: a spare does it before it has a room. After that, no
 * fork. 0 or a negative error. */
int tc_sandbox_prepare(void);
/* From here on, for all threads to come; before the first one. What cannot be had is logged: an
 * orb without is better than none. ORB_SANDBOX=false: nothing but cores is refused. */
void tc_sandbox_enter(void);

#endif
