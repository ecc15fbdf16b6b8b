# SPDX-License-Identifier: GPL-2.0-only
# Names blocks of instructions by symbols. Reads both, sorted by address:
#
#	ADDRESS 0 SYMBOL
#	ADDRESS 1 INSTRUCTIONS TIMES
#
# and prints, for each function that ran, INSTRUCTIONS CALLS FUNCTION.

# A program has the same name in each run, whatever its tag and its number.
function plain(symbol) {
	sub(/^bpf_prog_[0-9a-f]+_/, "bpf_prog_", symbol)
	sub(/^bpf_trampoline_.*/, "bpf_trampoline", symbol)
	return symbol
}

$2 == 0 { name = plain($3); start = $1; next }
/^[0-7]/ { name = "(user space)"; start = "" }
{ cost[name] += $3 * $4 }
$1 == start { calls[name] += $4 }
END { for (name in cost) print cost[name], calls[name] + 0, name }
