/* orb/stacks.h -- where each of our threads is, on standard error, when SIGQUIT comes.
 *
 * What the manager asks for before it kills an orb that hangs; an operator may ask, too: the orb
 * goes on. A crash (SIGSEGV and the like) tells the stack of its thread, then takes its course.
 * What runs in the handlers takes no lock and no memory.
 */
#ifndef TC_ORB_STACKS_H
#define TC_ORB_STACKS_H

/* Once a process, before its threads; a fork inherits it. */
void tc_stacks_init(void);

#endif
