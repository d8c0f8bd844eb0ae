/* probe/report.h -- what a run found, for people and as one JSON object. */
#ifndef TC_PROBE_REPORT_H
#define TC_PROBE_REPORT_H

#include "base/buf.h"
#include "probe/run.h"

void tc_report_text(struct tc_run *run, struct tc_buf *out);
void tc_report_json(struct tc_run *run, struct tc_buf *out);

#endif
