// SPDX-License-Identifier: Apache-2.0
#include "orb/speaker/speaker_priv.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/log.h"

TC_LOG_TOPIC("orb.speaker");

static struct speaker_slot *find_slot(struct tc_speaker *sp, uint32_t answer)
{
	for (int i = 0; i < SPEAKER_CLIPS; i++) {
		if (atomic_load(&sp->slots[i].answer) == answer) {
			return &sp->slots[i];
		}
	}
	return NULL;
}

int tc_speaker_open(struct tc_speaker *sp, uint32_t answer)
{
	TC_ASSERT(answer != 0);
	int err = -ENOSPC;
	pthread_mutex_lock(&sp->owners);
	for (int i = 0; i < SPEAKER_CLIPS && err; i++) {
		struct speaker_slot *slot = &sp->slots[i];
		if (atomic_load(&slot->answer) == 0 && !atomic_load(&slot->playing)) {
			tc_clip_reset(&slot->clip);
			atomic_store(&slot->answer, answer);
			err = 0;
		}
	}
	pthread_mutex_unlock(&sp->owners);
	return err;
}

bool tc_speaker_is_open(struct tc_speaker *sp, uint32_t answer)
{
	return find_slot(sp, answer) != NULL;
}

void tc_speaker_wake_feeder(struct tc_speaker *sp)
{
	uint64_t one = 1;
	ssize_t n = write(sp->space_fd, &one, sizeof(one));
	(void)n;
}

void tc_speaker_close(struct tc_speaker *sp, uint32_t answer)
{
	pthread_mutex_lock(&sp->owners);
	struct speaker_slot *slot = find_slot(sp, answer);
	if (slot) {
		atomic_store(&slot->answer, 0);
	}
	pthread_mutex_unlock(&sp->owners);
	tc_speaker_wake_feeder(sp);
}

void tc_speaker_command(struct tc_speaker *sp, enum speaker_command_kind kind, int clip,
			uint32_t answer)
{
	struct speaker_command cmd = {kind, clip, answer};
	if (tc_queue_push(sp->commands, &cmd) != 0) {
		/* 256 commands behind: the audio thread hangs, and its counters say so. */
		TC_ERROR(NULL, "the audio thread does not take commands");
	}
}

int tc_speaker_play(struct tc_speaker *sp, uint32_t answer)
{
	struct speaker_slot *slot = find_slot(sp, answer);
	if (!slot) {
		return -ENOENT;
	}
	atomic_store(&slot->playing, true);
	tc_speaker_command(sp, SPEAKER_PLAY, (int)(slot - sp->slots), answer);
	return 0;
}

void tc_speaker_cut(struct tc_speaker *sp, uint32_t answer)
{
	tc_speaker_command(sp, SPEAKER_CUT, 0, answer);
}

void tc_speaker_duck(struct tc_speaker *sp, bool down)
{
	tc_speaker_command(sp, down ? SPEAKER_DUCK : SPEAKER_RESTORE, 0, 0);
}

void tc_speaker_stop_feeding(struct tc_speaker *sp)
{
	atomic_store(&sp->stop_feeding, true);
	tc_speaker_wake_feeder(sp);
}

bool tc_speaker_feed(struct tc_speaker *sp, uint32_t answer, const int16_t *pcm, size_t samples)
{
	while (samples > 0) {
		pthread_mutex_lock(&sp->owners);
		struct speaker_slot *slot = answer ? find_slot(sp, answer) : NULL;
		bool open = slot && !atomic_load(&sp->stop_feeding);
		size_t before = open ? tc_clip_available(&slot->clip) : 0;
		size_t n = open ? tc_clip_write(&slot->clip, pcm, samples) : 0;
		pthread_mutex_unlock(&sp->owners);
		if (!open) {
			return false;
		}
		if (n > 0 && before < SPEAKER_FRAME) {
			tc_speaker_command(sp, SPEAKER_WAKE, 0, answer);
		}
		pcm += n;
		samples -= n;
		if (samples > 0) {
			/* The timeout only guards against a lost wake-up. */
			struct pollfd pfd = {.fd = sp->space_fd, .events = POLLIN};
			poll(&pfd, 1, 200);
			uint64_t count;
			ssize_t got = read(sp->space_fd, &count, sizeof(count));
			(void)got;
		}
	}
	return true;
}

void tc_speaker_mark(struct tc_speaker *sp, uint32_t answer, size_t offset, size_t len)
{
	pthread_mutex_lock(&sp->owners);
	struct speaker_slot *slot = find_slot(sp, answer);
	if (slot) {
		tc_clip_mark(&slot->clip, offset, len);
	}
	pthread_mutex_unlock(&sp->owners);
}

void tc_speaker_finish(struct tc_speaker *sp, uint32_t answer)
{
	pthread_mutex_lock(&sp->owners);
	struct speaker_slot *slot = find_slot(sp, answer);
	if (slot) {
		atomic_store(&slot->clip.finished, true);
	}
	pthread_mutex_unlock(&sp->owners);
	tc_speaker_command(sp, SPEAKER_WAKE, 0, answer);
}
