// SPDX-License-Identifier: Apache-2.0
#include "media/picture.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN    32
#define MAX_SIDE 4096
#define BLACK_Y  16
#define GREY_UV  128

static int align_up(int value)
{
	return (value + ALIGN - 1) & ~(ALIGN - 1);
}

static bool side_ok(int side)
{
	return side > 0 && side <= MAX_SIDE && side % 16 == 0;
}

int tc_picture_init(struct tc_picture *picture, int width, int height)
{
	memset(picture, 0, sizeof(*picture));
	if (!side_ok(width) || !side_ok(height)) {
		return -EINVAL;
	}
	int y_stride = align_up(width), uv_stride = align_up(width / 2);
	size_t y_size = (size_t)y_stride * (size_t)height;
	size_t uv_size = (size_t)uv_stride * (size_t)(height / 2);
	uint8_t *memory = malloc(y_size + 2 * uv_size + ALIGN);
	if (!memory) {
		return -ENOMEM;
	}
	uint8_t *first = (uint8_t *)(((uintptr_t)memory + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
	*picture = (struct tc_picture){
		.width = width,
		.height = height,
		.y = first,
		.u = first + y_size,
		.v = first + y_size + uv_size,
		.y_stride = y_stride,
		.uv_stride = uv_stride,
		.memory = memory,
	};
	memset(picture->y, BLACK_Y, y_size);
	memset(picture->u, GREY_UV, 2 * uv_size);
	return 0;
}

void tc_picture_finish(struct tc_picture *picture)
{
	if (picture) {
		free(picture->memory);
		memset(picture, 0, sizeof(*picture));
	}
}
