# SPDX-License-Identifier: GPL-2.0-only
# What is installed, and where. Included by the Makefile, which gives PREFIX, BUILD, Q,
# PROGRAMS, HOOK, CNI and PAGES. DESTDIR stands before all of it.

SBINDIR		?= $(PREFIX)/sbin
LIBEXECDIR	?= $(PREFIX)/libexec
DATADIR		?= $(PREFIX)/share
SYSCONFDIR	:= /etc
UNITDIR		?= $(or $(shell pkg-config systemd --variable=systemdsystemunitdir 2>/dev/null),$(PREFIX)/lib/systemd/system)
COMPLETIONDIR	?= $(DATADIR)/bash-completion/completions
HOOKSDIR	?= /usr/share/containers/oci/hooks.d
DOCDIR		?= $(DATADIR)/doc/vsock-bpfd
MANDIR		?= $(DATADIR)/man

# With the directories of the programs that they name.
SERVICE		:= $(BUILD)/vsock-bpfd.service
HOOKS		:= $(BUILD)/vsock-bpfd.json
SSH		:= $(BUILD)/ssh_config.conf $(BUILD)/ssh-proxy
QEMU		:= $(BUILD)/vsock-bpfd-qemu

$(SERVICE): packaging/vsock-bpfd.service.in
$(HOOKS): packaging/oci-hooks.d/vsock-bpfd.json.in
$(SSH): $(BUILD)/%: packaging/ssh/%.in
$(QEMU): packaging/qemu/vsock-bpfd-qemu.in
$(SERVICE) $(HOOKS) $(SSH) $(QEMU):
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	$(Q)sed -e 's,@sbindir@,$(SBINDIR),' -e 's,@libexecdir@,$(LIBEXECDIR),' -e 's,@datadir@,$(DATADIR),' $< >$@

define man_page
	@mkdir -p $(@D)
	@echo "  MAN   $@"
	$(Q)pandoc -s -t man $< -o $@
endef

$(BUILD)/%.5: docs/%.5.md
	$(man_page)
$(BUILD)/%.8: docs/%.8.md
	$(man_page)

man: $(PAGES) ## the man pages, with pandoc

# Anew each time, as where to install may differ.
.PHONY: $(SERVICE) $(HOOKS) $(SSH) $(QEMU)

install: all $(SERVICE) $(HOOKS) $(SSH) $(QEMU) ## below $(PREFIX); unit and hook where systemd and podman look
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(LIBEXECDIR)/vsock-bpfd $(UNITDIR) $(HOOKSDIR))
	install -d $(addprefix $(DESTDIR),$(COMPLETIONDIR) $(DATADIR)/vsock-bpfd $(DOCDIR)/docs)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(SBINDIR)
	install -m 755 $(HOOK) $(DESTDIR)$(LIBEXECDIR)/vsock-bpfd/oci-hook
	install -m 755 $(CNI) $(QEMU) $(DESTDIR)$(LIBEXECDIR)/vsock-bpfd
	install -m 644 $(SERVICE) $(DESTDIR)$(UNITDIR)
	install -m 644 $(HOOKS) $(DESTDIR)$(HOOKSDIR)
	install -m 644 packaging/bash-completion/* $(DESTDIR)$(COMPLETIONDIR)
	install -m 644 packaging/allow-vsock.jq $(BUILD)/ssh_config.conf $(DESTDIR)$(DATADIR)/vsock-bpfd
	install -m 755 $(BUILD)/ssh-proxy $(DESTDIR)$(DATADIR)/vsock-bpfd
	install -m 644 README.md LICENSE CONTRIBUTING.md $(DESTDIR)$(DOCDIR)
	install -m 644 docs/*.md docs/*.svg $(DESTDIR)$(DOCDIR)/docs
	cp -RL --no-preserve=mode,ownership docs/examples $(DESTDIR)$(DOCDIR)/docs
	install -d $(DESTDIR)$(SYSCONFDIR)/vsock-bpfd/policy.d
	@if command -v pandoc >/dev/null; then $(MAKE) --no-print-directory install-man; \
	else echo "  no pandoc: man pages are not installed"; fi

install-man: $(PAGES)
	install -d $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8
	for page in $(PAGES); do install -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.} || exit; done

uninstall: ## what install put there; configuration stays
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,$(notdir $(PROGRAMS)))
	rm -f $(DESTDIR)$(UNITDIR)/$(notdir $(SERVICE)) $(DESTDIR)$(HOOKSDIR)/$(notdir $(HOOKS))
	rm -rf $(DESTDIR)$(LIBEXECDIR)/vsock-bpfd $(DESTDIR)$(DATADIR)/vsock-bpfd
	rm -f $(addprefix $(DESTDIR)$(COMPLETIONDIR)/,$(notdir $(wildcard packaging/bash-completion/*)))
	rm -f $(foreach page,$(PAGES),$(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(DESTDIR)$(DOCDIR)
	-rmdir $(addprefix $(DESTDIR)$(SYSCONFDIR)/vsock-bpfd,/policy.d /) 2>/dev/null

.PHONY: man install install-man uninstall
