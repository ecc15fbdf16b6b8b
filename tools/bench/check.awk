# SPDX-License-Identifier: GPL-2.0-only
# After figures.awk, over the recorded figures and, with prefix=new:, fresh ones of some
# kernels: fails if one is more than 2 % worse than recorded. Held against each other is what
# the layer makes of the same boot's own kernel, where there is such a thing, so that a newer
# kernel makes no difference; else the figures.

# The service waits for a clock that ticks each 4 ms, and may wait for one tick more.
function allowed(part) {
	return part[2] == "service" ? 1.05 : 1.02
}

function held(kernel, part,    value) {
	if (part[2] ~ /^without/)
		return 0
	value = ratio(kernel, part[2], part[3], part[4], part[5])
	return value ? value : get(kernel, part[2], part[3], part[4], part[5])
}

END {
	for (i = 1; i <= count; i++) {
		split(keys[i], part, SUBSEP)
		old = held(part[1], part)
		if (part[1] ~ /^new:/ || !old || !(("new:" part[1]) in release))
			continue
		what = part[1] " " part[2] ", " part[3] " namespaces, " part[4] " rules: " part[5]
		new = held("new:" part[1], part)
		compared++
		if (!new) {
			print "not measured any more: " what
			worse++
		} else if (new > old * allowed(part)) {
			printf "%.1f %% worse: %s: %.6g, recorded %.6g\n", (new / old - 1) * 100, what, new, old
			worse++
		}
	}
	printf "%d figures compared, %d worse\n", compared, worse
	exit worse || !compared
}
