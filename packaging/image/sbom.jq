# SPDX-License-Identifier: GPL-2.0-only
# From lines of gather's packages, with $version, $revision, $created and $suite: CycloneDX.
# The package of this project is not one of Debian's archive.
def vendor: if .[0] == "vsock-bpfd" then "vsock-bpfd" else "debian" end;
def purl: "pkg:deb/\(vendor)/\(.[0] | @uri)@\(.[1] | @uri)?arch=\(.[2])&distro=\($suite)";

[inputs | split("\t")] as $packages
| {
    bomFormat: "CycloneDX",
    specVersion: "1.4",
    version: 1,
    metadata: {
      timestamp: $created,
      component: { type: "container", "bom-ref": "image", name: "vsock-bpfd", version: $version,
                   properties: [{ name: "revision", value: $revision }] }
    },
    components: [$packages[] | {
      type: "library", "bom-ref": purl, name: .[0], version: .[1], purl: purl,
      properties: [{ name: "source", value: "\(.[3]) \(.[4])" }]
    }],
    dependencies: [{ ref: "image", dependsOn: [$packages[] | purl] }]
  }
