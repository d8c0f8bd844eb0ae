/* rtc/rtcp_priv.h -- numbers both the RTCP parser and writer need. */
#ifndef TC_RTC_RTCP_PRIV_H
#define TC_RTC_RTCP_PRIV_H

enum { /* packet types: RFC 3550 12.1, RFC 4585 6.1 */
       RTCP_SR = 200,
       RTCP_RR = 201,
       RTCP_SDES = 202,
       RTCP_BYE = 203,
       RTCP_RTPFB = 205,
       RTCP_PSFB = 206,
};

enum { /* feedback formats: RFC 4585 6.2, 6.3, RFC 5104 4.3.1, draft-holmer 3.1 */
       FMT_NACK = 1,
       FMT_PLI = 1,
       FMT_FIR = 4,
       FMT_AFB = 15,
};

#define REPORT_LEN      24 /* a report block */
#define FEEDBACK_LEN    8  /* sender and media SSRC before the FCI */
#define NACK_ENTRY_SPAN 17 /* a number and 16 bits behind it */

#endif
