// SPDX-License-Identifier: Apache-2.0
#include "orb/speaker/speaker_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void free_speaker(struct tc_speaker *sp)
{
	for (int i = 0; i < SPEAKER_CLIPS; i++) {
		tc_clip_finish(&sp->slots[i].clip);
	}
	tc_queue_destroy(sp->commands);
	tc_opus_encoder_destroy(sp->encoder);
	if (sp->space_fd >= 0) {
		close(sp->space_fd);
	}
	pthread_mutex_destroy(&sp->owners);
	free(sp);
}

int tc_speaker_create(struct tc_speaker **out, const struct tc_speaker_config *config,
		      const struct tc_speaker_events *events, void *user)
{
	struct tc_speaker *sp = calloc(1, sizeof(*sp));
	if (!sp) {
		return -ENOMEM;
	}
	sp->config = *config;
	sp->events = *events;
	sp->user = user;
	sp->gain = sp->gain_target = 1;
	sp->loss_set = -1;
	pthread_mutex_init(&sp->owners, NULL);
	tc_home_init(&sp->home);
	sp->space_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int err = sp->space_fd < 0 ? -errno : 0;
	for (int i = 0; i < SPEAKER_CLIPS && !err; i++) {
		err = tc_clip_init(&sp->slots[i].clip);
	}
	if (!err) {
		err = tc_queue_create(&sp->commands, sizeof(struct speaker_command), 256, true);
	}
	if (!err) {
		/* Voices come at 16 kHz, so there is nothing above 8. */
		struct tc_opus_encoder_config opus = {.wideband = true};
		err = tc_opus_encoder_create(&sp->encoder, &opus);
	}
	if (!err) {
		err = -pthread_create(&sp->thread, NULL, tc_speaker_audio_main, sp);
	}
	if (err) {
		free_speaker(sp);
		return err;
	}
	*out = sp;
	return 0;
}

void tc_speaker_destroy(struct tc_speaker *sp)
{
	if (!sp) {
		return;
	}
	tc_speaker_stop_feeding(sp);
	tc_speaker_command(sp, SPEAKER_QUIT, 0, 0);
	pthread_join(sp->thread, NULL);
	free_speaker(sp);
}

void tc_speaker_set_loss(struct tc_speaker *sp, int percent)
{
	atomic_store_explicit(&sp->loss, percent, memory_order_relaxed);
}

float tc_speaker_level(const struct tc_speaker *sp)
{
	return atomic_load_explicit(&sp->level, memory_order_relaxed);
}

void tc_speaker_stats(const struct tc_speaker *sp, struct tc_speaker_stats *out)
{
	*out = (struct tc_speaker_stats){
		.packets = atomic_load_explicit(&sp->packets, memory_order_relaxed),
		.late = atomic_load_explicit(&sp->late, memory_order_relaxed),
		.worst_late_us = atomic_load_explicit(&sp->worst_late_us, memory_order_relaxed),
		.underruns = atomic_load_explicit(&sp->underruns, memory_order_relaxed),
		.realtime = atomic_load(&sp->realtime),
	};
}
