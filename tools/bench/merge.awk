# SPDX-License-Identifier: GPL-2.0-only
# Over fresh figures and those on record: these, with the fresh ones in the place of the same
# kernel's; those of kernels that were not measured stay.

FNR == 1 {
	files++
	kernel = ""
}

/^#[^ ]/ {
	split($0, words, " ")
	kernel = words[1]
	if (files == 1)
		order[++kernels] = kernel
	else if (kernel in fresh)
		printf "%s", fresh[kernel]
	known[kernel] += files == 2
}

files == 1 && kernel {
	fresh[kernel] = fresh[kernel] $0 "\n"
}

files == 2 && !(kernel in fresh)

END {
	for (i = 1; i <= kernels; i++)
		if (!known[order[i]])
			printf "%s", fresh[order[i]]
}
