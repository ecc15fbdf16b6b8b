# SPDX-License-Identifier: GPL-2.0-only
# After figures.awk: what each operation costs in multiples of the kernel's own, as SVG.
# A group of bars an operation, a panel a kernel.

BEGIN {
	shown = split("connect connection guest-connect guest-request socket tcp-socket unix-socket " \
		"message-4k unix-message-4k ns-create", operation_of, " ")
	bars = split("global beside local floor", case_of, " ")
	split("everything global|global, beside locals|local|floor: hooks that do nothing", words_of, "|")
	split("#9ecae1 #3182bd #08519c #bdbdbd", light_of, " ")
	split("#3a6ea5 #58a6ff #a5d0ff #6e7681", dark_of, " ")
	BAR = 8
	GROUP = bars * BAR + 10
	LEFT = 120
	WIDTH = 560
	RIGHT = 40
	TOP = 60
	LETTER = 6.6 # as wide as one is at most, on average
	LEAST = 1.0
	MOST = 1.0
}

function text(x, y, anchor, words) {
	printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words
}

function rectangle(x, y, width, height, class) {
	printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n", x, y, width, height, class
}

function line(x, y, to_x, to_y) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, y, to_x, to_y
}

function place(value) {
	return LEFT + (value - LEAST) / (MOST - LEAST) * WIDTH
}

# Bars start at 1, which is the kernel without the layer.
function bar(y, value, i,    from, to) {
	from = place(value < 1 ? value : 1)
	to = place(value < 1 ? 1 : value)
	rectangle(from, y, to - from, BAR - 1, "case" i)
}

function group(kernel, operation, y,    i, value) {
	text(LEFT - 8, y + bars * BAR / 2 + 4, "end", operation)
	for (i = 1; i <= bars; i++) {
		value = ratio(kernel, case_of[i], 1, 0, operation)
		if (value)
			bar(y + (i - 1) * BAR, value, i)
	}
}

function grid(y, height,    value) {
	for (value = LEAST; value < MOST + 0.001; value += 0.05) {
		line(place(value), y, place(value), y + height)
		text(place(value), y + height + 12, "middle", sprintf("%.2f", value))
	}
}

function panel(kernel, y,    i) {
	text(LEFT, y - 6, "start", "Linux " release[kernel])
	grid(y, shown * GROUP)
	for (i = 1; i <= shown; i++)
		group(kernel, operation_of[i], y + (i - 1) * GROUP + 5)
}

# Each entry takes the room that its words need.
function legend(    i, x) {
	x = LEFT
	for (i = 1; i <= bars; i++) {
		rectangle(x, 22, 10, 10, "case" i)
		text(x + 14, 31, "start", words_of[i])
		x += 14 + LETTER * length(words_of[i]) + 12
	}
}

function colours(paper, ink, lines, bar_of,    i) {
	printf ".paper { fill: %s } text { fill: %s } line { stroke: %s }", paper, ink, lines
	for (i = 1; i <= bars; i++)
		printf " .case%d { fill: %s }", i, bar_of[i]
	print ""
}

# A reader's browser says which.
function style() {
	print "<style>"
	colours("#fff", "#1f2933", "#ddd", light_of)
	print "@media (prefers-color-scheme: dark) {"
	colours("#0d1117", "#e6edf3", "#30363d", dark_of)
	print "}"
	print "</style>"
}

function find_range(    i, j, k, value) {
	for (i = 1; i <= kernel_count; i++)
		for (j = 1; j <= shown; j++)
			for (k = 1; k <= bars; k++) {
				value = ratio(kernels[i], case_of[k], 1, 0, operation_of[j])
				if (value > MOST)
					MOST = value
				if (value && value < LEAST)
					LEAST = value
			}
	MOST = int(MOST / 0.05 + 0.999) * 0.05
	LEAST = int(LEAST / 0.05) * 0.05
}

END {
	find_range()
	for (i = 1; i <= kernel_count; i++)
		if (ratio(kernels[i], "global", 1, 0, "connect"))
			panels[++panel_count] = kernels[i]
	height = TOP + panel_count * (shown * GROUP + 50)
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", LEFT + WIDTH + RIGHT, height
	print "<!-- SPDX-License-Identifier: GPL-2.0-only; made by make bench -->"
	style()
	rectangle(0, 0, LEFT + WIDTH + RIGHT, height, "paper")
	text(LEFT, 14, "start", "Instructions, in multiples of the same kernel without the layer")
	legend()
	for (i = 1; i <= panel_count; i++)
		panel(panels[i], TOP + (i - 1) * (shown * GROUP + 50))
	print "</svg>"
}
