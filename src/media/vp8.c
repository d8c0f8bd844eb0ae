// SPDX-License-Identifier: Apache-2.0
#include "media/vp8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

#include "base/err.h"

#define CLOCK_RATE      90000 /* RFC 7741 section 4.1 */
#define DEFAULT_SIDE    480
#define DEFAULT_BITRATE 400000
#define DEFAULT_FPS     30
#define MIN_BITRATE     30000
#define MAX_BITRATE     8000000
#define MAX_FPS         60

/* Measured on this picture: below 20 the quantizer wastes bits nobody sees (a resting picture costs
 * 29 instead of 396 kbit/s); -12 is the speed beyond which frames get larger, not cheaper. */
#define MIN_QUANTIZER 20
#define MAX_QUANTIZER 56
#define CPU_USED      (-12)
#define MAX_INTRA_PCT 300 /* a key frame may take three frames' worth of the rate */

struct tc_vp8_encoder {
	vpx_codec_ctx_t codec;
	vpx_codec_enc_cfg_t cfg;
	vpx_image_t image; /* planes borrowed from the picture, for one encode */
	int fps;
	int64_t last_pts;
	bool ready;   /* codec is initialised */
	bool started; /* a frame was encoded */
};

struct tc_vp8_decoder {
	vpx_codec_ctx_t codec;
};

static int vpx_error(vpx_codec_err_t err)
{
	return err == VPX_CODEC_MEM_ERROR ? -ENOMEM : -TC_EENGINE;
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static unsigned kilobits(int bitrate)
{
	return (unsigned)clamp(bitrate, MIN_BITRATE, MAX_BITRATE) / 1000;
}

static int configure(vpx_codec_enc_cfg_t *cfg, int width, int height, int bitrate)
{
	vpx_codec_err_t err = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), cfg, 0);
	if (err) {
		return vpx_error(err);
	}
	cfg->g_w = (unsigned)width;
	cfg->g_h = (unsigned)height;
	cfg->g_timebase.num = 1;
	cfg->g_timebase.den = CLOCK_RATE;
	cfg->g_threads = 1;
	cfg->g_lag_in_frames = 0;
	/* Losses are repaired by retransmission and key frames on request, so frames may lean on
	 * each other's probabilities: cheaper than error-resilient mode. */
	cfg->g_error_resilient = 0;
	cfg->rc_end_usage = VPX_CBR;
	cfg->rc_target_bitrate = kilobits(bitrate);
	cfg->rc_min_quantizer = MIN_QUANTIZER;
	cfg->rc_max_quantizer = MAX_QUANTIZER;
	cfg->rc_undershoot_pct = 100;
	cfg->rc_overshoot_pct = 15;
	cfg->rc_buf_initial_sz = 500;
	cfg->rc_buf_optimal_sz = 600;
	cfg->rc_buf_sz = 1000;
	cfg->rc_dropframe_thresh = 0;
	cfg->rc_resize_allowed = 0;
	cfg->kf_mode = VPX_KF_DISABLED;
	return 0;
}

static vpx_codec_err_t tune(vpx_codec_ctx_t *codec)
{
	vpx_codec_err_t err = vpx_codec_control(codec, VP8E_SET_CPUUSED, CPU_USED);
	err = err ? err : vpx_codec_control(codec, VP8E_SET_NOISE_SENSITIVITY, 0);
	err = err ? err : vpx_codec_control(codec, VP8E_SET_TOKEN_PARTITIONS, 0);
	/* 800 and 2000 were cheaper on average but come in bursts of 15 kB. */
	err = err ? err : vpx_codec_control(codec, VP8E_SET_STATIC_THRESHOLD, 1);
	return err ? err : vpx_codec_control(codec, VP8E_SET_MAX_INTRA_BITRATE_PCT, MAX_INTRA_PCT);
}

int tc_vp8_encoder_create(struct tc_vp8_encoder **out, const struct tc_vp8_config *config)
{
	static const struct tc_vp8_config defaults;
	config = config ? config : &defaults;
	int width = config->width ? config->width : DEFAULT_SIDE;
	int height = config->height ? config->height : DEFAULT_SIDE;
	if (width <= 0 || height <= 0 || width % 16 || height % 16) {
		return -EINVAL;
	}
	struct tc_vp8_encoder *enc = calloc(1, sizeof(*enc));
	if (!enc) {
		return -ENOMEM;
	}
	enc->fps = clamp(config->fps ? config->fps : DEFAULT_FPS, 1, MAX_FPS);
	int err = configure(&enc->cfg, width, height,
			    config->bitrate ? config->bitrate : DEFAULT_BITRATE);
	if (err) {
		goto fail;
	}
	vpx_codec_err_t verr = vpx_codec_enc_init(&enc->codec, vpx_codec_vp8_cx(), &enc->cfg, 0);
	enc->ready = !verr;
	verr = verr ? verr : tune(&enc->codec);
	if (verr) {
		err = vpx_error(verr);
		goto fail;
	}
	*out = enc;
	return 0;
fail:
	tc_vp8_encoder_destroy(enc);
	return err;
}

void tc_vp8_encoder_destroy(struct tc_vp8_encoder *enc)
{
	if (!enc) {
		return;
	}
	if (enc->ready) {
		vpx_codec_destroy(&enc->codec);
	}
	free(enc);
}

/* vpx_img_wrap() knows only planes that lie behind each other without gaps; ours have strides. */
static bool wrap(struct tc_vp8_encoder *enc, const struct tc_picture *picture)
{
	vpx_image_t *image = &enc->image;
	if (!vpx_img_wrap(image, VPX_IMG_FMT_I420, (unsigned)picture->width,
			  (unsigned)picture->height, 1, picture->y)) {
		return false;
	}
	image->planes[VPX_PLANE_Y] = picture->y;
	image->planes[VPX_PLANE_U] = picture->u;
	image->planes[VPX_PLANE_V] = picture->v;
	image->stride[VPX_PLANE_Y] = picture->y_stride;
	image->stride[VPX_PLANE_U] = picture->uv_stride;
	image->stride[VPX_PLANE_V] = picture->uv_stride;
	return true;
}

static int collect(struct tc_vp8_encoder *enc, struct tc_vp8_frame *out)
{
	vpx_codec_iter_t iter = NULL;
	const vpx_codec_cx_pkt_t *packet;
	while ((packet = vpx_codec_get_cx_data(&enc->codec, &iter))) {
		if (packet->kind == VPX_CODEC_CX_FRAME_PKT) {
			out->data = packet->data.frame.buf;
			out->len = packet->data.frame.sz;
			out->key = packet->data.frame.flags & VPX_FRAME_IS_KEY;
			return out->len > 0;
		}
	}
	return 0;
}

int tc_vp8_encode(struct tc_vp8_encoder *enc, const struct tc_picture *picture, int64_t pts,
		  bool force_key, struct tc_vp8_frame *out)
{
	if (picture->width != (int)enc->cfg.g_w || picture->height != (int)enc->cfg.g_h ||
	    !wrap(enc, picture)) {
		return -TC_EENGINE;
	}
	if (enc->started && pts <= enc->last_pts) {
		pts = enc->last_pts + 1; /* libvpx refuses time that does not advance */
	}
	unsigned long duration = (unsigned long)(CLOCK_RATE / enc->fps);
	if (vpx_codec_encode(&enc->codec, &enc->image, pts, duration,
			     force_key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME)) {
		return -TC_EENGINE;
	}
	enc->started = true;
	enc->last_pts = pts;
	return collect(enc, out);
}

int tc_vp8_encoder_set_rate(struct tc_vp8_encoder *enc, int bitrate, int fps)
{
	enc->cfg.rc_target_bitrate = kilobits(bitrate);
	enc->fps = clamp(fps, 1, MAX_FPS);
	vpx_codec_err_t err = vpx_codec_enc_config_set(&enc->codec, &enc->cfg);
	return err ? vpx_error(err) : 0;
}

int tc_vp8_decoder_create(struct tc_vp8_decoder **out)
{
	struct tc_vp8_decoder *dec = calloc(1, sizeof(*dec));
	if (!dec) {
		return -ENOMEM;
	}
	vpx_codec_dec_cfg_t cfg = {.threads = 1};
	vpx_codec_err_t err = vpx_codec_dec_init(&dec->codec, vpx_codec_vp8_dx(), &cfg, 0);
	if (err) {
		free(dec);
		return vpx_error(err);
	}
	*out = dec;
	return 0;
}

void tc_vp8_decoder_destroy(struct tc_vp8_decoder *dec)
{
	if (dec) {
		vpx_codec_destroy(&dec->codec);
		free(dec);
	}
}

int tc_vp8_decode(struct tc_vp8_decoder *dec, const uint8_t *data, size_t len,
		  struct tc_picture *out)
{
	/* No data means "a frame was lost, repeat the last one" to libvpx. */
	if (!data || !len || len > UINT32_MAX ||
	    vpx_codec_decode(&dec->codec, data, (unsigned)len, NULL, 0)) {
		return -TC_EENGINE;
	}
	vpx_codec_iter_t iter = NULL;
	const vpx_image_t *image = vpx_codec_get_frame(&dec->codec, &iter);
	if (!image) {
		return -TC_EENGINE;
	}
	*out = (struct tc_picture){
		.width = (int)image->d_w,
		.height = (int)image->d_h,
		.y = image->planes[VPX_PLANE_Y],
		.u = image->planes[VPX_PLANE_U],
		.v = image->planes[VPX_PLANE_V],
		.y_stride = image->stride[VPX_PLANE_Y],
		.uv_stride = image->stride[VPX_PLANE_U],
	};
	return 0;
}
