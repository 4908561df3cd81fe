# SPDX-License-Identifier: MIT
"""What a new Qubes OS holds after its installation, with a template of NixOS besides."""

KERNELS = ("6.12.63-1.fc41", "6.17.9-1.fc41", "pvgrub2-pvh")
LABELS = {
    "red": "0xcc0000",
    "orange": "0xf57900",
    "yellow": "0xedd400",
    "green": "0x73d216",
    "gray": "0x555555",
    "blue": "0x3465a4",
    "purple": "0x75507b",
    "black": "0x000000",
}
POOLS = {
    "varlibqubes": {
        "name": "varlibqubes",
        "dir_path": "/var/lib/qubes",
        "driver": "file-reflink",
        "revisions_to_keep": 1,
        "ephemeral_volatile": False,
    },
    "linux-kernel": {
        "name": "linux-kernel",
        "dir_path": "/var/lib/qubes/vm-kernels",
        "driver": "linux-kernel",
    },
}


def _pci(port: str, vendor: str, product: str, interface: str, text: str) -> dict:
    return {
        "port_id": port,
        "device_id": f"{vendor}:{product}::{interface}",
        "vendor": "Intel Corporation",
        "product": text,
        "interfaces": interface,
        "data": {"sbdf": "0000:" + port.replace("_", ":")},
    }


PCI_DEVICES = [
    _pci("00_02.0", "0x8086", "0x1912", "p030000", "HD Graphics 530"),
    _pci("00_14.0", "0x8086", "0xa12f", "p0c0330", "USB 3.0 xHCI Controller"),
    _pci("00_1f.3", "0x8086", "0xa170", "p040300", "HD Audio Controller"),
    _pci("00_1f.6", "0x8086", "0x15b8", "p020000", "Ethernet Connection I219-V"),
]

_GUEST = {
    "qrexec": "1",
    "gui": "1",
    "os": "Linux",
    "vmexec": "1",
    "supported-rpc.qubes.VMRootExec": "1",
}
_PACKAGE = {
    "template-epoch": "0",
    "template-version": "4.3.0",
    "template-release": "202510010000",
    "template-reponame": "qubes-templates-itl",
    "template-buildtime": "2025-10-01 00:00:00",
    "template-installtime": "2025-12-21 00:00:00",
    "template-license": "GPL",
    "template-url": "https://www.qubes-os.org",
    "template-summary": "Qubes OS template",
    "template-description": "Qubes OS template",
}


def _package(name: str, **distribution: str) -> dict[str, str]:
    facts = {f"os-{key}".replace("_", "-"): value for key, value in distribution.items()}
    return {**_GUEST, **_PACKAGE, "template-name": name, **facts}


def _whonix(name: str, role: str) -> dict[str, str]:
    system = _package(name, distribution="whonix", distribution_like="debian")
    return {**system, f"whonix-{role}": "1"}


TEMPLATES = {
    "fedora-42": _package("fedora-42", distribution="fedora", version="42"),
    "nixos": {**_GUEST, "os-distribution": "nixos", "os-version": "25.05"},
    "whonix-workstation-18": _whonix("whonix-workstation-18", "ws"),
}
MORE_TEMPLATES = {
    "debian-13": _package("debian-13", distribution="debian", version="13"),
    "whonix-gateway-18": _whonix("whonix-gateway-18", "gw"),
}

# name: template, label, properties, features
QUBES = {
    "sys-net": (
        "fedora-42",
        "red",
        "netvm= provides_network=True virt_mode=hvm memory=400 maxmem=0",
        "",
    ),
    "sys-firewall": (
        "fedora-42",
        "green",
        "netvm=sys-net provides_network=True autostart=True",
        "",
    ),
    "default-dvm": ("fedora-42", "red", "template_for_dispvms=True", "appmenus-dispvm=1"),
    "default-mgmt-dvm": ("fedora-42", "black", "template_for_dispvms=True netvm=", "internal=1"),
}
MORE_QUBES = {
    "sys-whonix": (
        "whonix-gateway-18",
        "black",
        "netvm=sys-firewall provides_network=True autostart=True",
        "",
    ),
    "whonix-workstation-18-dvm": (
        "whonix-workstation-18",
        "red",
        "template_for_dispvms=True default_dispvm=whonix-workstation-18-dvm",
        "appmenus-dispvm=1",
    ),
    "anon-whonix": ("whonix-workstation-18", "red", "", ""),
}
GLOBALS = {
    "default_netvm": "sys-firewall",
    "updatevm": "sys-firewall",
    "clockvm": "sys-net",
    "default_dispvm": "default-dvm",
    "management_dispvm": "default-mgmt-dvm",
}


def system_document() -> dict:
    """What belongs to no qube, before anything was set."""
    return {
        "klass": "Qubes",
        "properties": {
            "default_kernel": KERNELS[0],
            "default_pool_kernel": "linux-kernel",
        },
        "labels": {
            name: {"index": index, "color": color}
            for index, (name, color) in enumerate(LABELS.items(), start=1)
        },
        "pools": POOLS,
        "kernels": list(KERNELS),
        "host": {"memory_kib": 32 * 1024 * 1024, "cpus": 8},
    }


def dom0_document() -> dict:
    """dom0 itself."""
    return {
        "klass": "AdminVM",
        "properties": {"label": "black"},
        "features": {},
        "tags": [],
        "volumes": {},
        "firewall": [],
        "assignments": {},
        "devices": {"pci": PCI_DEVICES},
        "notes": "",
        "power": "Running",
    }
