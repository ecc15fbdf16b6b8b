/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of policies as they would be with Audit=yes in each. */
#ifndef POLICY_AUDIT_H
#define POLICY_AUDIT_H

#include "policy/files.h"

/* Changes nothing but Audit=. The files must be without a mistake. */
void policy_files_audit(struct policy_files *files);

#endif
