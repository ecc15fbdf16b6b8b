# SPDX-License-Identifier: GPL-2.0-only
# What is handed to others: the tarball. Included by the Makefile, which gives VERSION, BUILD and Q.

DIST	:= $(BUILD)/vsock-bpfd-$(VERSION).tar.xz

# git gives every file the time of the commit; the rest must not come from this machine, either. Under
# another name until it is whole, as suites that make packages run at the same time.
dist: ## a tarball of the last commit, the same bytes each time
	@mkdir -p $(BUILD)
	@echo "  DIST  $(DIST)"
	$(Q)new=$(DIST).$$PPID; trap 'rm -f $$new $$new.xz' EXIT; \
	git -c tar.umask=0022 archive --format=tar --prefix=vsock-bpfd-$(VERSION)/ -o $$new HEAD && \
	XZ_DEFAULTS= XZ_OPT= xz -9 --threads=1 --keep $$new && mv $$new.xz $(DIST)

.PHONY: dist

# In a directory of its own, from the tarball and the last commit's debian/. With SUITE=trixie
# (as root) in a fresh root of that release, which has what Build-Depends names and no network.
DEB_DIR	:= $(BUILD)/deb$(if $(SUITE),-$(SUITE))
DEB_SRC	:= $(DEB_DIR)/vsock-bpfd-$(VERSION)
BUILD_DEPENDS = build-essential debhelper $(shell packaging/build-depends)
IN_SUITE = $(if $(SUITE),tools/lab/root --in $(SUITE) $(BUILD_DEPENDS) --)

deb: dist ## Debian packages of the last commit; SUITE=trixie for that release
	@$(if $(SUITE),:,tools/deps build package)
	@echo "  DEB   $(DEB_DIR)"
	$(Q)rm -rf $(DEB_DIR) && mkdir -p $(DEB_DIR)
	$(Q)cp $(DIST) $(DEB_DIR)/vsock-bpfd_$(VERSION).orig.tar.xz
	$(Q)tar -C $(DEB_DIR) -xf $(DIST) && git archive --prefix=debian/ HEAD:debian | tar -C $(DEB_SRC) -x
	$(Q)$(IN_SUITE) sh -c 'cd $(DEB_SRC) && exec dpkg-buildpackage -us -uc' >$(DEB_DIR)/log 2>&1 || \
		{ tail -n 20 $(DEB_DIR)/log; false; }
	@ls $(DEB_DIR)/*.deb

.PHONY: deb

# Of the package in DEB_DIR and the libraries of that release. Needs root, as tools/lab/root does.
IMAGE_DIR := $(BUILD)/image$(if $(SUITE),-$(SUITE))
IMAGE_SUITE = $(or $(SUITE),$(shell . /etc/os-release && echo $$VERSION_CODENAME))

image: deb ## a container image of these packages, as an OCI archive, and what is in it (as root)
	@echo "  IMAGE $(IMAGE_DIR)"
	@packaging/image/build $(DEB_DIR) $(IMAGE_SUITE) $(IMAGE_DIR)

.PHONY: image

# Debian's rpmbuild has no database of RPM packages to look BuildRequires up in.
RPM_DIR	:= $(BUILD)/rpm

rpm: dist ## RPM packages of the last commit, as far as this machine can make them
	@tools/deps build package
	@echo "  RPM   $(RPM_DIR)"
	$(Q)rm -rf $(RPM_DIR) && mkdir -p $(RPM_DIR)
	$(Q)rpmbuild -ba --nodeps --define '_topdir $(abspath $(RPM_DIR))' --define '_sourcedir $(abspath $(BUILD))' \
		packaging/vsock-bpfd.spec >$(RPM_DIR)/log 2>&1 || { tail -n 20 $(RPM_DIR)/log; false; }
	@find $(RPM_DIR) -name '*.rpm'

.PHONY: rpm
