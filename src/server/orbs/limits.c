// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/limits.h"

#include "proto/channel.h"

#define WARN_AT   0.8
#define CALM_AT   0.7 /* it may be warned again */
#define UNSHED_AT 0.5
#define AT_ONCE   1.5 /* of memory: three samples more, and it could be the machine's */

/* Samples. What sheds first is not felt much, a new process is. */
#define OVER_SHED    3
#define OVER_RESTART 6
#define OVER_FOREIGN 12 /* as long as ours has for all steps */
#define OVER_MEMORY  3
#define FAR_BELOW    6

static bool warn(bool *warned, double part)
{
	bool now = part >= WARN_AT && !*warned;
	*warned = part >= WARN_AT || (*warned && part > CALM_AT);
	return now;
}

static enum tc_limit_act step_memory(struct tc_limit_state *state, double part)
{
	bool warns = warn(&state->warned_memory, part);
	state->memory_over = part > 1 ? state->memory_over + 1 : 0;
	if (part >= AT_ONCE || state->memory_over >= OVER_MEMORY) {
		return TC_LIMIT_RESTART_MEMORY;
	}
	return warns ? TC_LIMIT_WARN_MEMORY : TC_LIMIT_NOTHING;
}

static enum tc_limit_act beyond_cpu(struct tc_limit_state *state, bool can_shed)
{
	bool sheds = can_shed && state->shed < TC_SHED_RECOGNIZER;
	int bearable = sheds ? OVER_SHED : can_shed ? OVER_RESTART : OVER_FOREIGN;
	if (++state->cpu_over < bearable) {
		return TC_LIMIT_NOTHING;
	}
	state->cpu_over = 0;
	if (!sheds) {
		return TC_LIMIT_RESTART_CPU;
	}
	state->shed++;
	return TC_LIMIT_SHED;
}

static enum tc_limit_act step_cpu(struct tc_limit_state *state, bool can_shed, double part)
{
	bool warns = warn(&state->warned_cpu, part);
	state->far_below = part < UNSHED_AT ? state->far_below + 1 : 0;
	enum tc_limit_act act = TC_LIMIT_NOTHING;
	if (part > 1) {
		act = beyond_cpu(state, can_shed);
	} else if (state->cpu_over > 0) {
		state->cpu_over--; /* once below is not the end of it */
	}
	if (state->shed > TC_SHED_NOTHING && state->far_below >= FAR_BELOW) {
		state->far_below = 0;
		state->shed--;
		act = TC_LIMIT_UNSHED;
	}
	return act == TC_LIMIT_NOTHING && warns ? TC_LIMIT_WARN_CPU : act;
}

enum tc_limit_act tc_limit_step(struct tc_limit_state *state, const struct tc_limits *limits,
				double cpu_percent, double memory_mb)
{
	enum tc_limit_act act = TC_LIMIT_NOTHING;
	if (limits->memory_mb > 0) {
		act = step_memory(state, memory_mb / limits->memory_mb);
	}
	if (limits->cpu_percent > 0 && act != TC_LIMIT_RESTART_MEMORY) {
		enum tc_limit_act cpu =
			step_cpu(state, limits->can_shed, cpu_percent / limits->cpu_percent);
		act = cpu == TC_LIMIT_NOTHING ? act : cpu;
	}
	return act;
}
