// SPDX-License-Identifier: Apache-2.0
#include "orb/painter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "media/vp8.h"

TC_LOG_TOPIC("orb.painter");

#define CALM_FPS    10
#define MEASURED    60 /* frames between two looks at our own cost */
#define DEFAULT_BPS 400000
#define SIDE        480 /* of the picture, where nothing else is asked for */

/* Steps down when a frame's CPU is over half of its tick, up again below a sixth. */
static const int steps[] = {30, 24, 15, 8};

/* What a picture is made with. */
struct canvas {
	struct tc_scene *scene;
	struct tc_vp8_encoder *encoder;
	struct tc_picture picture;
};

static struct canvas prepared; /* all 0: nothing is */

struct tc_painter {
	struct tc_painter_config config;
	const struct tc_speaker *speaker; /* borrowed */
	struct canvas canvas;             /* owned */
	pthread_t thread;
	bool started;
	int wake_fd;
	_Atomic bool quit, want_key;
	_Atomic int state, bitrate, limit;
	_Atomic float hearing;
	_Atomic uint64_t frames, keyframes, bytes;
	_Atomic int fps;
	_Atomic int64_t frame_us;

	/* the video thread's own */
	int step, measured, bitrate_set, fps_set;
	int64_t cost_us;
};

static int64_t thread_cpu_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void adjust_step(struct tc_painter *p, int64_t cost_us)
{
	p->cost_us += cost_us;
	if (++p->measured < MEASURED) {
		return;
	}
	int64_t mean = p->cost_us / p->measured;
	int64_t tick = 1000000 / steps[p->step];
	int was = p->step;
	if (mean > tick / 2 && p->step + 1 < (int)(sizeof(steps) / sizeof(steps[0]))) {
		p->step++;
	} else if (mean < tick / 6 && p->step > 0) {
		p->step--;
	}
	if (was != p->step) {
		TC_INFO(NULL, "%d pictures a second (one costs %lld us)", steps[p->step],
			(long long)mean);
	}
	atomic_store_explicit(&p->frame_us, mean, memory_order_relaxed);
	p->cost_us = 0;
	p->measured = 0;
}

static void apply_rate(struct tc_painter *p, int fps)
{
	int bitrate = atomic_load_explicit(&p->bitrate, memory_order_relaxed);
	if (bitrate != p->bitrate_set || fps != p->fps_set) {
		if (tc_vp8_encoder_set_rate(p->canvas.encoder, bitrate, fps) == 0) {
			p->bitrate_set = bitrate;
			p->fps_set = fps;
		}
	}
}

static void paint(struct tc_painter *p, int64_t now)
{
	struct tc_scene_input input = {
		.state = (enum tc_face_state)atomic_load_explicit(&p->state, memory_order_relaxed),
		.time_us = now,
		.out_level = tc_speaker_level(p->speaker),
		.in_level = atomic_load_explicit(&p->hearing, memory_order_relaxed),
	};
	tc_scene_draw(p->canvas.scene, &input, &p->canvas.picture);
	int64_t ticks = (now - p->config.epoch_us) * 9 / 100;
	bool key = atomic_exchange(&p->want_key, false);
	struct tc_vp8_frame frame;
	int n = tc_vp8_encode(p->canvas.encoder, &p->canvas.picture, ticks, key, &frame);
	if (n != 1) {
		if (key) {
			atomic_store(&p->want_key, true); /* the encoder dropped it: ask again */
		}
		return;
	}
	struct tc_video_out video = {.data = frame.data,
				     .len = frame.len,
				     .ticks = (uint32_t)(uint64_t)ticks,
				     .key = frame.key};
	tc_roster_send_video(p->config.roster, &video);
	atomic_fetch_add_explicit(&p->frames, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&p->bytes, frame.len, memory_order_relaxed);
	if (frame.key) {
		atomic_fetch_add_explicit(&p->keyframes, 1, memory_order_relaxed);
	}
}

static void wait_for(struct tc_painter *p, int timer_fd, bool timed)
{
	struct pollfd fds[2] = {{.fd = p->wake_fd, .events = POLLIN},
				{.fd = timer_fd, .events = POLLIN}};
	poll(fds, timed ? 2 : 1, -1);
	uint64_t count;
	ssize_t n = read(p->wake_fd, &count, sizeof(count));
	n = read(timer_fd, &count, sizeof(count));
	(void)n;
}

static void set_deadline(int timer_fd, int64_t at_us)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000}};
	timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool moving(const struct tc_painter *p)
{
	return !tc_scene_calm(p->canvas.scene) || atomic_load(&p->state) != TC_FACE_READY;
}

static int wanted_fps(const struct tc_painter *p)
{
	int fps = moving(p) ? steps[p->step] : CALM_FPS;
	int limit = atomic_load_explicit(&p->limit, memory_order_relaxed);
	return limit > 0 && limit < fps ? limit : fps;
}

static void *video_main(void *arg)
{
	struct tc_painter *p = arg;
	tc_thread_begin("video", TC_THREAD_PICTURE);
	int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer_fd < 0) {
		TC_ERROR(NULL, "no picture: timerfd: %s", strerror(errno));
		return NULL;
	}
	int64_t next = tc_clock_us(p->config.clock);
	while (!atomic_load(&p->quit)) {
		if (tc_roster_watching(p->config.roster) == 0) {
			wait_for(p, timer_fd, false);
			next = tc_clock_us(p->config.clock);
			continue;
		}
		int64_t now = tc_clock_us(p->config.clock);
		int fps = wanted_fps(p);
		bool waited_long = next > now + 1000000 / fps; /* it was calm and is not any more */
		if (now >= next || waited_long || atomic_load(&p->want_key)) {
			atomic_store_explicit(&p->fps, fps, memory_order_relaxed);
			apply_rate(p, fps);
			int64_t cpu = thread_cpu_us();
			tc_pulse_begin(p->config.pulse);
			paint(p, now);
			tc_pulse_rest(p->config.pulse);
			adjust_step(p, thread_cpu_us() - cpu);
			/* The tick stays on its grid, but never tries to catch up. */
			next = next + 1000000 / fps > now ? next + 1000000 / fps
							  : now + 1000000 / fps;
		}
		set_deadline(timer_fd, next);
		wait_for(p, timer_fd, true);
	}
	close(timer_fd);
	return NULL;
}

static void free_canvas(struct canvas *canvas)
{
	tc_scene_destroy(canvas->scene);
	tc_vp8_encoder_destroy(canvas->encoder);
	tc_picture_finish(&canvas->picture);
	*canvas = (struct canvas){0};
}

static int make_canvas(struct canvas *canvas, int width, int height, uint32_t seed)
{
	struct tc_scene_config scene = {.width = width, .height = height, .seed = seed};
	struct tc_vp8_config vp8 = {
		.width = width, .height = height, .bitrate = DEFAULT_BPS, .fps = steps[0]};
	int err = tc_picture_init(&canvas->picture, width, height);
	err = err ? err : tc_scene_create(&canvas->scene, &scene);
	err = err ? err : tc_vp8_encoder_create(&canvas->encoder, &vp8);
	if (err) {
		free_canvas(canvas);
		return err;
	}
	ssize_t unused = tc_memory_return_zeros();
	TC_DEBUG(NULL, "%zd KiB of memory not needed", unused / 1024);
	return 0;
}

int tc_painter_prepare(void)
{
	return prepared.scene ? 0 : make_canvas(&prepared, SIDE, SIDE, 0);
}

void tc_painter_forget(void)
{
	free_canvas(&prepared);
}

static void free_painter(struct tc_painter *p)
{
	free_canvas(&p->canvas);
	if (p->wake_fd >= 0) {
		close(p->wake_fd);
	}
	free(p);
}

static int take_canvas(struct tc_painter *p)
{
	int width = p->config.width ? p->config.width : SIDE;
	int height = p->config.height ? p->config.height : SIDE;
	if (prepared.scene && width == SIDE && height == SIDE) {
		p->canvas = prepared;
		prepared = (struct canvas){0};
		return 0;
	}
	return make_canvas(&p->canvas, width, height, p->config.seed);
}

int tc_painter_create(struct tc_painter **out, const struct tc_painter_config *config)
{
	struct tc_painter *p = calloc(1, sizeof(*p));
	if (!p) {
		return -ENOMEM;
	}
	p->config = *config;
	atomic_store(&p->bitrate, DEFAULT_BPS);
	p->bitrate_set = DEFAULT_BPS;
	p->fps_set = steps[0];
	p->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int err = p->wake_fd < 0 ? -errno : take_canvas(p);
	if (err) {
		free_painter(p);
		return err;
	}
	*out = p;
	return 0;
}

int tc_painter_start(struct tc_painter *p, const struct tc_speaker *speaker)
{
	p->speaker = speaker;
	int err = -pthread_create(&p->thread, NULL, video_main, p);
	p->started = !err;
	return err;
}

void tc_painter_wake(struct tc_painter *p)
{
	uint64_t one = 1;
	ssize_t n = write(p->wake_fd, &one, sizeof(one));
	(void)n;
}

void tc_painter_destroy(struct tc_painter *p)
{
	if (!p) {
		return;
	}
	if (p->started) {
		atomic_store(&p->quit, true);
		tc_painter_wake(p);
		pthread_join(p->thread, NULL);
	}
	free_painter(p);
}

void tc_painter_set_state(struct tc_painter *p, enum tc_face_state state)
{
	if (atomic_exchange(&p->state, (int)state) != (int)state) {
		tc_painter_wake(p);
	}
}

void tc_painter_set_hearing(struct tc_painter *p, float level)
{
	atomic_store_explicit(&p->hearing, level, memory_order_relaxed);
}

void tc_painter_set_bitrate(struct tc_painter *p, int bps)
{
	atomic_store_explicit(&p->bitrate, bps, memory_order_relaxed);
}

void tc_painter_set_limit(struct tc_painter *p, int fps)
{
	atomic_store_explicit(&p->limit, fps, memory_order_relaxed);
}

void tc_painter_keyframe(struct tc_painter *p)
{
	atomic_store(&p->want_key, true);
	tc_painter_wake(p);
}

void tc_painter_stats(const struct tc_painter *p, struct tc_painter_stats *out)
{
	*out = (struct tc_painter_stats){
		.frames = atomic_load_explicit(&p->frames, memory_order_relaxed),
		.keyframes = atomic_load_explicit(&p->keyframes, memory_order_relaxed),
		.bytes = atomic_load_explicit(&p->bytes, memory_order_relaxed),
		.fps = atomic_load_explicit(&p->fps, memory_order_relaxed),
		.frame_us = atomic_load_explicit(&p->frame_us, memory_order_relaxed),
	};
}
