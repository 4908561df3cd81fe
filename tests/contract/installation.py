# SPDX-License-Identifier: MIT
"""What the installer leaves behind, and the Admin API calls that make it so."""

KERNELS = ("6.12.63-1.fc41", "6.17.9-1.fc41", "pvgrub2-pvh")
GUEST = ("qrexec=1", "gui=1", "os=Linux", "vmexec=1", "supported-rpc.qubes.VMRootExec=1")
PACKAGE = (
    "template-epoch=0",
    "template-version=4.3.0",
    "template-release=202510010000",
    "template-reponame=qubes-templates-itl",
    "template-buildtime=2025-10-01 00:00:00",
    "template-installtime=2025-12-21 00:00:00",
    "template-license=GPL",
    "template-url=https://www.qubes-os.org",
    "template-summary=Qubes OS template",
    "template-description=Qubes OS template",
)
WHONIX = ("os-distribution=whonix", "os-distribution-like=debian", "whonix-ws=1")
TEMPLATES = {
    "fedora-42": (*PACKAGE, "template-name=fedora-42", "os-distribution=fedora", "os-version=42"),
    "nixos": ("os-distribution=nixos", "os-version=25.05"),
    "whonix-workstation-18": (*PACKAGE, "template-name=whonix-workstation-18", *WHONIX),
}
# name: label, properties, features; all of them are AppVMs on fedora-42
QUBES = {
    "sys-net": (
        "red",
        ("netvm=", "provides_network=True", "virt_mode=hvm", "memory=400", "maxmem=0"),
        (),
    ),
    "sys-firewall": ("green", ("netvm=sys-net", "provides_network=True", "autostart=True"), ()),
    "default-dvm": ("red", ("template_for_dispvms=True",), ("appmenus-dispvm=1",)),
    "default-mgmt-dvm": ("black", ("template_for_dispvms=True", "netvm="), ("internal=1",)),
}
GLOBALS = (
    "default_netvm=sys-firewall",
    "updatevm=sys-firewall",
    "clockvm=sys-net",
    "default_dispvm=default-dvm",
    "management_dispvm=default-mgmt-dvm",
)


def calls():
    """(method, destination, argument, payload) of each call, in an order qubesd accepts."""
    for name, features in TEMPLATES.items():
        yield "admin.vm.Create.TemplateVM", "dom0", "", f"name={name} label=black"
        yield from _set("admin.vm.feature.Set", name, (*GUEST, *features))
    yield from _set("admin.property.Set", "dom0", ("default_template=fedora-42",))
    for name, (label, properties, features) in QUBES.items():
        yield "admin.vm.Create.AppVM", "dom0", "fedora-42", f"name={name} label={label}"
        yield from _set("admin.vm.property.Set", name, properties)
        yield from _set("admin.vm.feature.Set", name, features)
    yield from _set("admin.property.Set", "dom0", GLOBALS)
    yield "admin.vm.Start", "sys-firewall", "", ""


def _set(method, name, pairs):
    return ((method, name, *pair.split("=")) for pair in pairs)
