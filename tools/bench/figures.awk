# SPDX-License-Identifier: GPL-2.0-only
# Reads figures: lines KERNEL CASE NAMESPACES RULES OPERATION FIGURE, between tabs, and
# lines "#KERNEL RELEASE". Of a case that was measured twice the lesser figure counts.

BEGIN {
	FS = "\t"
}

/^# / {
	next
}

/^#/ {
	split(substr($0, 2), words, " ")
	release[prefix words[1]] = words[2]
	next
}

{
	kernel = prefix $1
	key = kernel SUBSEP $2 SUBSEP $3 SUBSEP $4 SUBSEP $5
	if (!(key in figure)) {
		keys[++count] = key
		figure[key] = $6 + 0
	} else if ($6 + 0 < figure[key]) {
		figure[key] = $6 + 0
	}
	if (!seen_kernel[kernel]++)
		kernels[++kernel_count] = kernel
	if (!seen_operation[$5]++)
		operations[++operation_count] = $5
}

function get(kernel, name, namespaces, rules, operation) {
	return figure[kernel, name, namespaces, rules, operation] + 0
}

# What a figure is held against: the same operation without the layer, from the same kind
# of namespace; a connect that the layer refuses against one that succeeds. 0: nothing.
function base(kernel, name, operation) {
	if (operation == "refused")
		operation = "connect"
	return get(kernel, name == "local" ? "without-other" : "without", 1, 0, operation)
}

function ratio(kernel, name, namespaces, rules, operation,    own, other) {
	own = get(kernel, name, namespaces, rules, operation)
	other = base(kernel, name, operation)
	return own && other ? own / other : 0
}
