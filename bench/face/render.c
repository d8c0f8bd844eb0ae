// SPDX-License-Identifier: Apache-2.0
/* Draws the orb into image files, to be looked at. Not installed.
 *
 *	render sheet FILE [size]          four states, quiet and moved by sound, as one picture
 *	render strip STATE FILE [size]    one state as time goes by
 *	render change A B FILE [size]     from one state to another
 *	render yuv STATE SECONDS FILE     raw I420, 480x480, 30 frames a second
 *
 * Files are PPM. SEED=n in the environment: other clouds. VP8=1 in the environment: what is left
 *after our encoder and a decoder.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "face/scene.h"
#include "media/vp8.h"

#define FPS 30

struct studio {
	struct tc_scene *scene;
	struct tc_picture picture;
	struct tc_vp8_encoder *enc; /* NULL: without VP8 */
	struct tc_vp8_decoder *dec;
	int64_t frame;
	size_t bytes;
};

struct sheet {
	int width, height;
	uint8_t *rgb;
};

static const char *const names[] = {"ready", "listening", "processing", "speaking"};

static void die(const char *what)
{
	fprintf(stderr, "render: %s\n", what);
	exit(1);
}

static enum tc_face_state state_named(const char *name)
{
	for (int i = 0; i < 4; i++) {
		if (!strcmp(name, names[i])) {
			return (enum tc_face_state)i;
		}
	}
	die("states are ready, listening, processing, speaking");
	return TC_FACE_READY;
}

/* Syllables at about 4 Hz with pauses, as a perceptual level. */
static float speech(double t)
{
	double pause = sin(t * 6.2832 * 0.35) < -0.35 ? 0.3 : 1;
	return (float)(pause *
		       (0.35 + 0.45 * fabs(sin(t * 6.2832 * 2.1)) * (0.6 + 0.4 * sin(t * 9.7))));
}

static void open_studio(struct studio *studio, int width, int height)
{
	memset(studio, 0, sizeof(*studio));
	struct tc_scene_config config = {.width = width,
					 .height = height,
					 .seed = getenv("SEED") ? (uint32_t)atoi(getenv("SEED"))
								: 0};
	struct tc_vp8_config vp8 = {.width = width, .height = height};
	if (tc_scene_create(&studio->scene, &config) ||
	    tc_picture_init(&studio->picture, width, height)) {
		die("no scene of this size");
	}
	if (getenv("VP8") &&
	    (tc_vp8_encoder_create(&studio->enc, &vp8) || tc_vp8_decoder_create(&studio->dec))) {
		die("no codec");
	}
}

static void close_studio(struct studio *studio)
{
	tc_scene_destroy(studio->scene);
	tc_picture_finish(&studio->picture);
	tc_vp8_encoder_destroy(studio->enc);
	tc_vp8_decoder_destroy(studio->dec);
}

/* Draws the next frame; *out is what a viewer would see. */
static void shoot(struct studio *studio, enum tc_face_state state, double loud,
		  struct tc_picture *out)
{
	double t = (double)studio->frame / FPS;
	float level = (float)loud * speech(t);
	struct tc_scene_input input = {
		.state = state,
		.time_us = studio->frame * 1000000 / FPS,
		.out_level = state == TC_FACE_SPEAKING ? level : 0,
		.in_level = state == TC_FACE_LISTENING ? level : 0,
	};
	tc_scene_draw(studio->scene, &input, &studio->picture);
	*out = studio->picture;
	struct tc_vp8_frame frame;
	if (studio->enc) {
		if (tc_vp8_encode(studio->enc, &studio->picture, studio->frame * 3000, false,
				  &frame) != 1 ||
		    tc_vp8_decode(studio->dec, frame.data, frame.len, out)) {
			die("codec failed");
		}
		studio->bytes += frame.len;
	}
	studio->frame++;
}

static void run(struct studio *studio, enum tc_face_state state, double loud, int frames,
		struct tc_picture *out)
{
	for (int i = 0; i < frames; i++) {
		shoot(studio, state, loud, out);
	}
}

static uint8_t clip(double v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrint(v));
}

static void paste(struct sheet *sheet, const struct tc_picture *p, int left, int top)
{
	for (int y = 0; y < p->height; y++) {
		for (int x = 0; x < p->width; x++) {
			double l = 1.164383 * (p->y[y * p->y_stride + x] - 16);
			double u = p->u[y / 2 * p->uv_stride + x / 2] - 128;
			double v = p->v[y / 2 * p->uv_stride + x / 2] - 128;
			uint8_t *to = sheet->rgb + 3 * ((size_t)(top + y) * (size_t)sheet->width +
							(size_t)(left + x));
			to[0] = clip(l + 1.596027 * v);
			to[1] = clip(l - 0.391762 * u - 0.812968 * v);
			to[2] = clip(l + 2.017232 * u);
		}
	}
}

static void new_sheet(struct sheet *sheet, int width, int height)
{
	sheet->width = width;
	sheet->height = height;
	sheet->rgb = calloc((size_t)width * (size_t)height, 3);
	if (!sheet->rgb) {
		die("out of memory");
	}
}

static void save_sheet(struct sheet *sheet, const char *path)
{
	FILE *file = fopen(path, "wb");
	if (!file) {
		die("cannot write the file");
	}
	fprintf(file, "P6\n%d %d\n255\n", sheet->width, sheet->height);
	fwrite(sheet->rgb, 3, (size_t)sheet->width * (size_t)sheet->height, file);
	if (fclose(file)) {
		die("cannot write the file");
	}
	free(sheet->rgb);
}

static void draw_sheet(const char *path, int size)
{
	struct sheet sheet;
	new_sheet(&sheet, 4 * size, 2 * size);
	for (int i = 0; i < 4; i++) {
		struct studio studio;
		struct tc_picture out;
		open_studio(&studio, size, size);
		run(&studio, (enum tc_face_state)i, 0, 90, &out);
		paste(&sheet, &out, i * size, 0);
		run(&studio, (enum tc_face_state)i, 1, 30, &out);
		paste(&sheet, &out, i * size, size);
		printf("%s: %.0f kbit/s\n", names[i], (double)studio.bytes * 8 * FPS / 120 / 1000);
		close_studio(&studio);
	}
	save_sheet(&sheet, path);
}

static void draw_strip(enum tc_face_state a, enum tc_face_state b, int step, const char *path,
		       int size)
{
	struct sheet sheet;
	struct studio studio;
	struct tc_picture out;
	new_sheet(&sheet, 4 * size, 2 * size);
	open_studio(&studio, size, size);
	run(&studio, a, 1, 60, &out);
	for (int i = 0; i < 8; i++) {
		run(&studio, b, 1, step, &out);
		paste(&sheet, &out, i % 4 * size, i / 4 * size);
	}
	save_sheet(&sheet, path);
	close_studio(&studio);
}

static void write_plane(FILE *file, const uint8_t *plane, int width, int height, int stride)
{
	for (int y = 0; y < height; y++) {
		fwrite(plane + (ptrdiff_t)y * stride, 1, (size_t)width, file);
	}
}

static void draw_yuv(enum tc_face_state state, int seconds, const char *path)
{
	struct studio studio;
	struct tc_picture out;
	FILE *file = fopen(path, "wb");
	if (!file) {
		die("cannot write the file");
	}
	open_studio(&studio, 480, 480);
	for (int i = 0; i < seconds * FPS; i++) {
		shoot(&studio, state, 1, &out);
		write_plane(file, out.y, 480, 480, out.y_stride);
		write_plane(file, out.u, 240, 240, out.uv_stride);
		write_plane(file, out.v, 240, 240, out.uv_stride);
	}
	close_studio(&studio);
	fclose(file);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	if (!strcmp(verb, "sheet") && argc >= 3) {
		draw_sheet(argv[2], argc > 3 ? atoi(argv[3]) : 480);
	} else if (!strcmp(verb, "strip") && argc >= 4) {
		enum tc_face_state state = state_named(argv[2]);
		draw_strip(state, state, 8, argv[3], argc > 4 ? atoi(argv[4]) : 480);
	} else if (!strcmp(verb, "change") && argc >= 5) {
		draw_strip(state_named(argv[2]), state_named(argv[3]), 3, argv[4],
			   argc > 5 ? atoi(argv[5]) : 480);
	} else if (!strcmp(verb, "yuv") && argc >= 5) {
		draw_yuv(state_named(argv[2]), atoi(argv[3]), argv[4]);
	} else {
		die("sheet FILE | strip STATE FILE | change A B FILE | yuv STATE SECONDS FILE");
	}
	return 0;
}
