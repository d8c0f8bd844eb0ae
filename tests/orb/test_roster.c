// SPDX-License-Identifier: Apache-2.0
/* The roster over a real peer (on a network in memory): who waits for whom. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "orb/roster.h"
#include "rtc/rig.h"

#define FRAME_SIZE 60000 /* some fifty packets, sent in bursts with gaps between them */
#define TRIES      50

struct picture {
	struct tc_roster *roster;
	_Atomic bool begun, done;
};

static void *send_picture(void *arg)
{
	static uint8_t frame[FRAME_SIZE] = {0x10};
	struct picture *picture = arg;
	struct tc_video_out video = {.data = frame, .len = sizeof(frame), .key = true};
	atomic_store(&picture->begun, true);
	tc_roster_send_video(picture->roster, &video);
	atomic_store(&picture->done, true);
	return NULL;
}

/* True if a sound went out while the picture was still on its way. */
static bool sound_overtakes(struct tc_roster *roster, uint32_t ticks)
{
	struct picture picture = {.roster = roster};
	uint8_t packet[80] = {0x78};
	struct tc_audio_out audio = {.data = packet, .len = sizeof(packet), .ticks = ticks};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, send_picture, &picture), 0);
	while (!atomic_load(&picture.begun)) {
	}
	assert_int_equal(tc_roster_send_audio(roster, &audio), 1);
	bool overtook = !atomic_load(&picture.done);
	pthread_join(thread, NULL);
	return overtook;
}

static void a_sound_does_not_wait_for_a_picture(void **state)
{
	struct rig rig;
	const struct tc_mock_net_config net = {0};
	struct tc_roster *roster;
	rig_init(&rig, &(struct rig_options){.net = &net});
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, rig_connected, 60000));
	tc_timer_cancel(rig.media);
	rig.media = NULL;
	assert_int_equal(tc_roster_create(&roster), 0);
	assert_int_equal(tc_roster_add(roster, rig.b.peer), 0);
	assert_int_equal(tc_roster_connected(roster), 1);
	/* On a busy machine we may be asleep while the picture goes out: often enough we are not.
	 * Who has to wait for the picture never overtakes it. */
	int overtook = 0;
	for (int i = 0; i < TRIES && overtook < 5; i++) {
		overtook += sound_overtakes(roster, 960 * (uint32_t)i);
	}
	assert_true(overtook >= 5);
	tc_roster_remove(roster, rig.b.peer);
	assert_int_equal(tc_roster_connected(roster), 0);
	rig_finish(&rig);
	tc_roster_destroy(roster);
}

static void there_are_so_many_seats(void **state)
{
	struct tc_roster *roster;
	char peers[TC_ROSTER_MAX + 1]; /* never looked into */
	assert_int_equal(tc_roster_create(&roster), 0);
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		assert_int_equal(tc_roster_add(roster, (struct tc_peer *)&peers[i]), 0);
	}
	assert_int_equal(tc_roster_add(roster, (struct tc_peer *)&peers[TC_ROSTER_MAX]), -ENOSPC);
	tc_roster_remove(roster, (struct tc_peer *)&peers[1]);
	assert_int_equal(tc_roster_add(roster, (struct tc_peer *)&peers[TC_ROSTER_MAX]), 0);
	tc_roster_destroy(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_does_not_wait_for_a_picture),
		cmocka_unit_test(there_are_so_many_seats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
