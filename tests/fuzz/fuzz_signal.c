// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "proto/signal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What goes on must be a message again, from `me`, and have no other fromId. */
static void check_relay(const struct tc_signal *signal)
{
	char prefix[TC_SIGNAL_PREFIX_SIZE];
	size_t prefix_len = tc_signal_prefix(prefix, "me");
	struct tc_buf scratch, whole;
	tc_buf_init(&scratch);
	tc_buf_init(&whole);
	struct tc_signal_piece pieces[2];
	int count = tc_signal_relay(signal, prefix, prefix_len, &scratch, pieces);
	for (int i = 0; i < count; i++) {
		tc_buf_put(&whole, pieces[i].data, pieces[i].len);
	}
	struct tc_signal again;
	char from[TC_ID_SIZE];
	TC_ASSERT(tc_signal_parse(&again, whole.data, whole.len) == 0);
	TC_ASSERT(again.type == signal->type);
	TC_ASSERT(tc_signal_read_from(&again, from) == 0 && strcmp(from, "me") == 0);
	tc_buf_finish(&scratch);
	tc_buf_finish(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_signal signal;
	if (tc_signal_parse(&signal, (const char *)data, size)) {
		return 0;
	}
	tc_signal_check(&signal);
	struct tc_signal_join join;
	tc_signal_read_join(&signal, &join);
	struct tc_signal_peer peer;
	for (struct tc_json_iter it = tc_signal_peers(&signal); tc_json_next(&it);) {
		tc_signal_read_peer(it.value, &peer);
	}
	tc_signal_read_peer(signal.object, &peer);
	struct tc_signal_candidate candidate;
	tc_signal_read_candidate(&signal, &candidate);
	struct tc_signal_control control;
	tc_signal_read_control(&signal, &control);
	free(tc_signal_sdp_dup(&signal));
	check_relay(&signal);
	return 0;
}
