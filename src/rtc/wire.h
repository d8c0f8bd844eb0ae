/* rtc/wire.h -- big-endian integers in packets whose bounds were checked before. Private to rtc. */
#ifndef TC_RTC_WIRE_H
#define TC_RTC_WIRE_H

#include <stdint.h>

static inline uint16_t tc_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t tc_get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}
static inline uint32_t tc_get32(const uint8_t *p)
{
	return (uint32_t)tc_get16(p) << 16 | tc_get16(p + 2);
}
static inline void tc_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void tc_put24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	tc_put16(p + 1, (uint16_t)v);
}
static inline void tc_put32(uint8_t *p, uint32_t v)
{
	tc_put16(p, (uint16_t)(v >> 16));
	tc_put16(p + 2, (uint16_t)v);
}

#endif
