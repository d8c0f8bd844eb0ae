/* face/shade.h -- from a frame's look to a picture.
 *
 * The light is computed at half resolution in 16 bits (soft things need no more, and that is the
 * chroma's resolution anyway) and doubled to 8 bits with a fixed dither. RT-safe after create.
 */
#ifndef TC_FACE_SHADE_H
#define TC_FACE_SHADE_H

#include "face/motion.h"
#include "media/picture.h"

struct tc_shader;

int tc_shader_create(struct tc_shader **out, int width, int height, uint32_t seed); /* -ENOMEM */
void tc_shader_destroy(struct tc_shader *shader);
void tc_shader_draw(struct tc_shader *shader, const struct tc_look *look,
		    struct tc_picture *picture);

#endif
