/* base/thread.h -- how a thread of ours begins: its name, and its share when cores are scarce. */
#ifndef TC_BASE_THREAD_H
#define TC_BASE_THREAD_H

/* Who goes first on a busy machine. What people said and what they are told is worth more than a
 * smooth picture. More than the usual share needs a right (CAP_SYS_NICE, LimitNICE): without it
 * the picture still stands back. */
enum tc_thread_share {
	TC_THREAD_WORDS = -5,
	TC_THREAD_USUAL = 0,
	TC_THREAD_PICTURE = 5,
};

/* By the thread itself. name: 15 bytes at most. */
void tc_thread_begin(const char *name, enum tc_thread_share share);

#endif
