// SPDX-License-Identifier: Apache-2.0
#include "media/wav.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"

#define HEADER_SIZE       44
#define FORMAT_PCM        1
#define FORMAT_EXTENSIBLE 0xFFFE
#define MAX_CHANNELS      8
#define MIN_RATE          1000
#define MAX_RATE          384000
#define MAX_FILE          (256 << 20) /* bytes: 45 minutes at 48 kHz; more is no voice clip */

struct format {
	int rate;
	int channels; /* 0: no fmt chunk seen yet */
};

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static int parse_format(struct format *format, const uint8_t *p, size_t len)
{
	if (len < 16) {
		return -TC_EPARSE;
	}
	uint16_t tag = le16(p), channels = le16(p + 2);
	uint32_t rate = le32(p + 4);
	if (tag == FORMAT_EXTENSIBLE && len >= 26) {
		tag = le16(p + 24); /* the first two bytes of the sub-format's GUID */
	}
	if (tag != FORMAT_PCM || le16(p + 14) != 16 || channels < 1 || channels > MAX_CHANNELS ||
	    rate < MIN_RATE || rate > MAX_RATE) {
		return -TC_EPARSE;
	}
	format->rate = (int)rate;
	format->channels = channels;
	return 0;
}

static int mix_down(struct tc_wav *out, const struct format *format, const uint8_t *p, size_t len)
{
	size_t channels = (size_t)format->channels, samples = len / (2 * channels);
	int16_t *pcm = malloc(samples ? samples * sizeof(*pcm) : sizeof(*pcm));
	if (!pcm) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < samples; i++) {
		int32_t sum = 0;
		for (size_t c = 0; c < channels; c++, p += 2) {
			sum += (int16_t)le16(p);
		}
		pcm[i] = (int16_t)(sum / (int32_t)channels);
	}
	*out = (struct tc_wav){.rate = format->rate, .samples = samples, .pcm = pcm};
	return 0;
}

int tc_wav_parse(struct tc_wav *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	if (len < 12 || memcmp(p, "RIFF", 4) || memcmp(p + 8, "WAVE", 4)) {
		return -TC_EPARSE;
	}
	struct format format = {0};
	size_t at = 12;
	while (len - at >= 8) {
		const uint8_t *chunk = p + at;
		size_t size = le32(chunk + 4), left = len - at - 8;
		bool is_data = !memcmp(chunk, "data", 4);
		if (is_data && size > left) {
			size = left; /* a stream's writer could not go back and fill in the size */
		}
		if (size > left) {
			return -TC_EPARSE;
		}
		if (is_data) {
			return format.channels ? mix_down(out, &format, chunk + 8, size)
					       : -TC_EPARSE;
		}
		if (!memcmp(chunk, "fmt ", 4)) {
			int err = parse_format(&format, chunk + 8, size);
			if (err) {
				return err;
			}
		}
		size += size & 1; /* chunks are padded to even sizes */
		if (size > left) {
			break;
		}
		at += 8 + size;
	}
	return -TC_EPARSE;
}

static int read_all(FILE *file, uint8_t **out, size_t *len)
{
	struct stat st;
	if (fstat(fileno(file), &st)) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	if (st.st_size > MAX_FILE) {
		return -TC_ELIMIT;
	}
	uint8_t *data = malloc((size_t)st.st_size + 1);
	if (!data) {
		return -ENOMEM;
	}
	*len = fread(data, 1, (size_t)st.st_size, file);
	if (ferror(file)) {
		free(data);
		return -EIO;
	}
	*out = data;
	return 0;
}

int tc_wav_load(struct tc_wav *out, const char *path)
{
	FILE *file = fopen(path, "rbe");
	if (!file) {
		return -errno;
	}
	uint8_t *data = NULL;
	size_t len = 0;
	int err = read_all(file, &data, &len);
	fclose(file);
	if (!err) {
		err = tc_wav_parse(out, data, len);
	}
	free(data);
	return err;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

static void fill_header(uint8_t *h, int rate, uint32_t bytes)
{
	memcpy(h, "RIFF", 4);
	put32(h + 4, bytes + HEADER_SIZE - 8);
	memcpy(h + 8, "WAVEfmt ", 8);
	put32(h + 16, 16);
	put16(h + 20, FORMAT_PCM);
	put16(h + 22, 1);
	put32(h + 24, (uint32_t)rate);
	put32(h + 28, (uint32_t)rate * 2);
	put16(h + 32, 2);
	put16(h + 34, 16);
	memcpy(h + 36, "data", 4);
	put32(h + 40, bytes);
}

static bool write_samples(FILE *file, const int16_t *pcm, size_t samples)
{
	uint8_t block[4096];
	while (samples) {
		size_t n = samples < sizeof(block) / 2 ? samples : sizeof(block) / 2;
		for (size_t i = 0; i < n; i++) {
			put16(block + 2 * i, (uint16_t)pcm[i]);
		}
		// cppcheck-suppress uninitvar ; put16() fills it
		if (fwrite(block, 2, n, file) != n) {
			return false;
		}
		pcm += n;
		samples -= n;
	}
	return true;
}

int tc_wav_save(const char *path, int rate, const int16_t *pcm, size_t samples)
{
	if (rate < MIN_RATE || rate > MAX_RATE) {
		return -EINVAL;
	}
	if (samples > (MAX_FILE - HEADER_SIZE) / 2) {
		return -TC_ELIMIT;
	}
	FILE *file = fopen(path, "wbe");
	if (!file) {
		return -errno;
	}
	uint8_t header[HEADER_SIZE];
	fill_header(header, rate, (uint32_t)samples * 2);
	bool ok = fwrite(header, 1, sizeof(header), file) == sizeof(header) &&
		  write_samples(file, pcm, samples);
	ok = fclose(file) == 0 && ok;
	return ok ? 0 : -EIO;
}

void tc_wav_finish(struct tc_wav *wav)
{
	if (wav) {
		free(wav->pcm);
		memset(wav, 0, sizeof(*wav));
	}
}
