# SPDX-License-Identifier: GPL-2.0-only
# A seccomp profile of container engines, with AF_VSOCK (40) allowed again:
#
#	jq -f allow-vsock.jq /usr/share/containers/seccomp.json > vsock.json
#	podman run --security-opt seccomp=vsock.json ...
#
# Profiles refuse it by a rule of its own, or by allowing all other families.
def refuses_vsock:
	.action != "SCMP_ACT_ALLOW" and any(.args[]?; .index == 0 and .value == 40);

.syscalls |= map(select((.names | index("socket") | not) or (refuses_vsock | not))) + [{
	names: ["socket"],
	action: "SCMP_ACT_ALLOW",
	args: [{ index: 0, value: 40, op: "SCMP_CMP_EQ" }]
}]
