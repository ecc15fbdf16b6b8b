# SPDX-License-Identifier: GPL-2.0-only
# After figures.awk: the figures as Markdown.

# One column a case; those that a kernel was not measured in are left out.
function add_column(title, name, namespaces, rules) {
	titles[++columns] = title
	names[columns] = name
	of_namespaces[columns] = namespaces
	of_rules[columns] = rules
}

BEGIN {
	add_column("global", "global", 1, 0)
	add_column("global beside local", "beside", 1, 0)
	add_column("local", "local", 1, 0)
	add_column("beside, 100 ns", "beside", 100, 0)
	add_column("local, 100 ns", "local", 100, 0)
	add_column("beside, 10,000 ns", "beside", 10000, 0)
	add_column("local, 10,000 ns", "local", 10000, 0)
	add_column("beside, 100 rules", "beside", 10000, 100)
	add_column("beside, 10,000 rules", "beside", 10000, 10000)
	add_column("local, 10,000 rules", "local", 10000, 10000)
	add_column("floor", "floor", 1, 0)
}

function has_column(kernel, column) {
	return get(kernel, names[column], of_namespaces[column], of_rules[column], "connect")
}

# 1234567 as 1,234,567.
function grouped(number,    text, out) {
	text = sprintf("%d", number)
	while (length(text) > 3) {
		out = "," substr(text, length(text) - 2) out
		text = substr(text, 1, length(text) - 3)
	}
	return text out
}

function cell(kernel, column, operation,    value) {
	value = ratio(kernel, names[column], of_namespaces[column], of_rules[column], operation)
	return value ? sprintf(" %.3f |", value) : " |"
}

function print_head(kernel,    j, line, rule) {
	line = "| | without |"
	rule = "|---|--:|"
	for (j = 1; j <= columns; j++)
		if (has_column(kernel, j)) {
			line = line " " titles[j] " |"
			rule = rule "--:|"
		}
	print line "\n" rule
}

function print_operation(kernel, operation,    j, line, some) {
	some = base(kernel, "without", operation)
	if (!some)
		return
	line = "| " operation " | " grouped(some) " |"
	for (j = 1; j <= columns; j++)
		if (has_column(kernel, j))
			line = line cell(kernel, j, operation)
	print line
}

# Both tables below: a line an operation, a column a kernel, figures divided by `unit`.
function print_kernels_head(title,    i, line, rule) {
	line = "| " title " |"
	rule = "|---|"
	for (i = 1; i <= kernel_count; i++)
		if (has_layer(kernels[i])) {
			line = line " " kernels[i] " |"
			rule = rule "--:|"
		}
	print "\n" line "\n" rule
}

function has_layer(kernel) {
	return get(kernel, "global", 1, 0, "connect")
}

function print_kernels(title, name, namespaces, rules, operation, unit,    i, line, value) {
	line = "| " title " |"
	for (i = 1; i <= kernel_count; i++) {
		if (!has_layer(kernels[i]))
			continue
		value = get(kernels[i], name, namespaces, rules, operation)
		if (!value)
			return
		line = line " " grouped(value / unit) " |"
	}
	print line
}

END {
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Made by `make bench`. -->"
	print "# Figures"
	print "\n\"Without\" is in instructions, all else in multiples of it: 1.010 is 1 % more."
	print "[performance.md](../performance.md) explains lines and columns."
	for (i = 1; i <= kernel_count; i++) {
		print "\n## Linux " release[kernels[i]] "\n"
		print_head(kernels[i])
		for (j = 1; j <= operation_count; j++)
			print_operation(kernels[i], operations[j])
	}
	print "\n## The service"
	print_kernels_head("machine time, ms")
	for (j = 1; j <= operation_count; j++)
		print_kernels(operations[j], "service", 1, 0, operations[j], 1e6)
	print_kernels("tick, all global", "global", 1, 0, "tick", 1e6)
	print_kernels("tick", "beside", 1, 0, "tick", 1e6)
	print_kernels("tick, 10,000 namespaces and 100 rules", "beside", 10000, 100, "tick", 1e6)
	print_kernels_head("memory, KiB")
	for (k = 1; k <= 10000; k *= 100) {
		print_kernels("maps, " grouped(k) " namespaces", "beside", k, 0, "map-bytes", 1024)
		print_kernels("service, " grouped(k) " namespaces", "beside", k, 0, "resident-bytes", 1024)
	}
}
