/* media/picture.h -- an I420 picture: 8-bit luma and 2x2-subsampled chroma, BT.601 limited range.
 */
#ifndef TC_MEDIA_PICTURE_H
#define TC_MEDIA_PICTURE_H

#include <stdint.h>

struct tc_picture {
	int width, height;       /* multiples of 16 */
	uint8_t *y, *u, *v;      /* into `memory` */
	int y_stride, uv_stride; /* bytes */
	void *memory;            /* owned; NULL where the planes are borrowed */
};

/* 32-byte aligned rows, filled with black. -EINVAL for sides that are no multiples of 16, -ENOMEM.
 */
int tc_picture_init(struct tc_picture *picture, int width, int height);
void tc_picture_finish(struct tc_picture *picture);

#endif
