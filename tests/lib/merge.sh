# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites after suite.sh: what programs in several machines report in TAP
# becomes one report.

# start SUITE: where the results of its machines go.
start() {
	results=build/tests/results/$1
	rm -rf "$results"
	mkdir -p "$results"
}

# merge LABEL...: the reports of these machines, each line with its label. A machine may have run
# several programs, each with a plan. One that did not end its report is a failure, and so is one
# that failed though all that it reported is good.
merge() {
	local label file
	for label in "$@"; do
		file=$results/$label.out
		[[ -e $file ]] || file=$results/$label.part
		printf '%s\n' "@ $label ${file##*.}"
		[[ ! -e $file ]] || cat "$file"
	done | awk '
		function finish() {
			if (label != "" && plan != done)
				print "not ok " ++total " - " label ": planned " plan ", reported " done why
			else if (label != "" && failed && !bad)
				print "not ok " ++total " - " label ": the machine failed" why
		}
		/^@ / { finish(); label = $2; failed = $3 == "part"; plan = -1; done = bad = 0; why = ""; next }
		/^(not )?ok / {
			done++
			good = sub(/^ok [0-9]* *-? */, "")
			if (!good)
				sub(/^not ok [0-9]* *-? */, "")
			bad += !good
			print (good ? "ok " : "not ok ") ++total " - " label ": " $0
			next
		}
		/^1\.\./ { plan = (plan < 0 ? 0 : plan) + substr($0, 4); next }
		/^Bail out!/ { why = ": " $0 }
		{ print "# " label ": " $0 }
		END { finish(); print "1.." total }'
}
