/* rtc/sdp_uri.h -- names of header extensions, for what we read and write. Private to sdp_*.c. */
#ifndef TC_RTC_SDP_URI_H
#define TC_RTC_SDP_URI_H

#define URI_MID           "urn:ietf:params:rtp-hdrext:sdes:mid"
#define URI_LEVEL         "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define URI_ABS_SEND_TIME "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define URI_PLAYOUT_DELAY "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

#endif
