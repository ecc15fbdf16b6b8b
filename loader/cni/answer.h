/* SPDX-License-Identifier: GPL-2.0-only */
/* What a CNI plugin answers: one JSON object on standard output. 0, or -errno if nobody gets it. */
#ifndef CNI_ANSWER_H
#define CNI_ANSWER_H

#include "cni/request.h"

/* What the plugin before has made, as it is. */
int cni_answer_result(const struct cni_request *request);

int cni_answer_versions(const struct cni_request *request);

/* `said` is one line or more, of which the first is the message; it is cut apart. */
int cni_answer_error(const struct cni_request *request, int code, char *said);

#endif
