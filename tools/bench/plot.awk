# SPDX-License-Identifier: GPL-2.0-only
# After figures.awk: what each operation costs in multiples of the kernel's own, as SVG.
# A group of bars an operation, a panel a kernel.

BEGIN {
	shown = split("connect connection guest-connect guest-request socket tcp-socket unix-socket " \
		"message-4k unix-message-4k ns-create", operation_of, " ")
	bars = split("global beside local floor", case_of, " ")
	split("everything global|global beside locals|local|floor: hooks that do nothing", words_of, "|")
	split("#9ecae1 #3182bd #08519c #bdbdbd", colour_of, " ")
	BAR = 8
	GROUP = bars * BAR + 10
	LEFT = 120
	WIDTH = 560
	TOP = 60
	LEAST = 1.0
	MOST = 1.0
}

function text(x, y, anchor, words) {
	printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words
}

function rectangle(x, y, width, height, colour) {
	printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, width, height, colour
}

function line(x, y, to_x, to_y) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x, y, to_x, to_y
}

function place(value) {
	return LEFT + (value - LEAST) / (MOST - LEAST) * WIDTH
}

# Bars start at 1, which is the kernel without the layer.
function bar(y, value, colour,    from, to) {
	from = place(value < 1 ? value : 1)
	to = place(value < 1 ? 1 : value)
	rectangle(from, y, to - from, BAR - 1, colour)
}

function group(kernel, operation, y,    i, value) {
	text(LEFT - 8, y + bars * BAR / 2 + 4, "end", operation)
	for (i = 1; i <= bars; i++) {
		value = ratio(kernel, case_of[i], 1, 0, operation)
		if (value)
			bar(y + (i - 1) * BAR, value, colour_of[i])
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

function legend(    i, x) {
	x = LEFT
	for (i = 1; i <= bars; i++) {
		rectangle(x, 22, 10, 10, colour_of[i])
		text(x + 14, 31, "start", words_of[i])
		x += 150
	}
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
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", LEFT + WIDTH + 40, height
	print "<!-- SPDX-License-Identifier: GPL-2.0-only; made by make bench -->"
	rectangle(0, 0, LEFT + WIDTH + 40, height, "#fff")
	text(LEFT, 14, "start", "Instructions, in multiples of the same kernel without the layer")
	legend()
	for (i = 1; i <= panel_count; i++)
		panel(panels[i], TOP + (i - 1) * (shown * GROUP + 50))
	print "</svg>"
}
