/* orb/nest/title.h -- what ps shows of a process that was forked, not executed.
 *
 * The kernel shows the memory in which exec put the first arguments: an orb writes its own over
 * them. Thread: main, before any other.
 */
#ifndef TC_ORB_NEST_TITLE_H
#define TC_ORB_NEST_TITLE_H

/* Once, with what main was given: `argv` and the environment move elsewhere. 0 or -ENOMEM. */
int tc_title_init(int argc, char **argv);
/* Cut where the room ends. */
void tc_title_set(char *const *argv);
void tc_title_say(const char *text); /* in place of arguments */

#endif
