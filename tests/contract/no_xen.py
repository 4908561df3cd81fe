# SPDX-License-Identifier: MIT
"""What qubesd finds below it here: a hypervisor that only keeps the books.

Domains are defined, started, paused and destroyed as libvirt would do it, with the same events,
but nothing runs. Commands that qubesd would run in dom0 or in a qube succeed and do nothing, but
for ``xl shutdown``.
"""

import asyncio
import subprocess
import sys
import types
from xml.etree import ElementTree

import libvirt
import qubesdb

MEMORY_KIB = 32 * 1024 * 1024
SHUTDOWN_SECONDS = 0.05
# address: class, product id, product; all of them are Intel's
PCI_DEVICES = {
    "0000:00:02.0": ("0x030000", "0x1912", "HD Graphics 530"),
    "0000:00:14.0": ("0x0c0330", "0xa12f", "USB 3.0 xHCI Controller"),
    "0000:00:1f.3": ("0x040300", "0xa170", "HD Audio Controller"),
    "0000:00:1f.6": ("0x020000", "0x15b8", "Ethernet Connection I219-V"),
}
PCI_CLASSES = {
    "0300": "VGA compatible controller",
    "0c03": "USB controller",
    "0403": "Audio device",
    "0200": "Ethernet controller",
}
CONSTANTS = {
    "VIR_DOMAIN_EVENT_ID_LIFECYCLE": 0,
    "VIR_DOMAIN_EVENT_SUSPENDED": 3,
    "VIR_DOMAIN_EVENT_RESUMED": 4,
    "VIR_DOMAIN_EVENT_STOPPED": 5,
    "VIR_ERR_INTERNAL_ERROR": 1,
    "VIR_ERR_INVALID_CONN": 6,
    "VIR_ERR_OS_TYPE": 8,
    "VIR_ERR_NO_NODE_DEVICE": 40,
    "VIR_ERR_OPERATION_INVALID": 55,
    "VIR_ERR_OPERATION_UNSUPPORTED": 84,
    "VIR_NODE_SUSPEND_TARGET_MEM": 0,
}


class Domain(libvirt.virDomain):
    """A domain as libvirt shows it."""

    def __init__(self, connection, xml):
        self._connection = connection
        self._state = libvirt.VIR_DOMAIN_SHUTOFF
        self._number = -1
        self.redefine(xml)

    def redefine(self, xml):
        self._xml = xml
        self._name = ElementTree.fromstring(xml).findtext("name")

    def name(self):
        return self._name

    def connect(self):
        return self._connection

    def XMLDesc(self, _flags=0):
        return self._xml

    def ID(self):
        return self._number

    def isActive(self):
        return self._state != libvirt.VIR_DOMAIN_SHUTOFF

    def state(self, _flags=0):
        return [self._state, 0]

    def info(self):
        return [self._state, 400 * 1024, 400 * 1024, 2, 1_000_000_000]

    def memoryStats(self):
        return {"actual": 400 * 1024}

    def maxMemory(self):
        return 400 * 1024

    def createWithFlags(self, _flags):
        self._connection.started += 1
        self._number = self._connection.started
        self._state = libvirt.VIR_DOMAIN_PAUSED

    def resume(self):
        self._state = libvirt.VIR_DOMAIN_RUNNING
        self._connection.tell(self, libvirt.VIR_DOMAIN_EVENT_RESUMED)

    def suspend(self):
        self._state = libvirt.VIR_DOMAIN_PAUSED
        self._connection.tell(self, libvirt.VIR_DOMAIN_EVENT_SUSPENDED)

    def shutdown(self):
        asyncio.get_running_loop().call_later(SHUTDOWN_SECONDS, self.destroy)

    def destroy(self):
        self._state = libvirt.VIR_DOMAIN_SHUTOFF
        self._number = -1
        self._connection.tell(self, libvirt.VIR_DOMAIN_EVENT_STOPPED)

    def undefine(self):
        self._connection.forget(self)

    def attachDevice(self, _xml):
        pass

    detachDevice = attachDevice


class NodeDevice:
    """A PCI device as libvirt shows it."""

    def __init__(self, address, details):
        self.name = "pci_" + address.replace(":", "_").replace(".", "_")
        self._details = details

    def listCaps(self):
        return ["pci"]

    def XMLDesc(self, _flags=0):
        kind, product_id, product = self._details
        return (
            f"<device><name>{self.name}</name><capability type='pci'><class>{kind}</class>"
            f"<product id='{product_id}'>{product}</product>"
            "<vendor id='0x8086'>Intel Corporation</vendor></capability></device>"
        )

    def dettach(self):
        pass


class Connection(libvirt.virConnect):
    """The one connection to the hypervisor."""

    def __init__(self):
        self.started = 0
        self._domains = {}
        self._listener = None
        devices = [NodeDevice(*item) for item in PCI_DEVICES.items()]
        self._devices = {device.name: device for device in devices}

    def isAlive(self):
        return True

    def getType(self):
        return "Xen"

    def getURI(self):
        return "xen:///"

    def getInfo(self):
        return ["x86_64", MEMORY_KIB // 1024, 8, 2995, 1, 1, 8, 1]

    def domainEventRegisterAny(self, _domain, _event, callback, _opaque):
        self._listener = callback
        return 1

    def tell(self, domain, event):
        """The listener hears of ``event`` once the caller is done, as with the real one."""
        asyncio.get_running_loop().call_soon(self._listener, self, domain, event, 0, None)

    def defineXML(self, xml):
        uuid = ElementTree.fromstring(xml).findtext("uuid").replace("-", "")
        if uuid in self._domains:
            self._domains[uuid].redefine(xml)
        return self._domains.setdefault(uuid, Domain(self, xml))

    def forget(self, domain):
        self._domains = {uuid: kept for uuid, kept in self._domains.items() if kept is not domain}

    def lookupByUUID(self, uuid):
        return _found(self._domains, uuid.hex(), libvirt.VIR_ERR_NO_DOMAIN)

    def lookupByID(self, _number):
        dom0 = Domain(self, "<domain><name>Domain-0</name></domain>")
        dom0._state = libvirt.VIR_DOMAIN_RUNNING
        return dom0

    def shut_down(self, name):
        for domain in self._domains.values():
            if domain.name() == name and domain.isActive():
                domain.shutdown()

    def listAllDevices(self):
        return list(self._devices.values())

    def nodeDeviceLookupByName(self, name):
        return _found(self._devices, name, libvirt.VIR_ERR_NO_NODE_DEVICE)


def _found(known, key, code):
    if key in known:
        return known[key]
    error = libvirt.libvirtError(f"{key} not found")
    error.get_error_code = lambda: code
    raise error


class XenStore:
    """Keys and values; every domain started at the same second."""

    def __init__(self):
        self._values = {"/local/domain/0/memory/static-max": b"4194304"}

    def read(self, _transaction, path):
        return b"1700000000" if path.endswith("/start_time") else self._values.get(path)

    def write(self, _transaction, path, value):
        self._values[path] = value.encode()

    def ls(self, _transaction, _path):
        return []

    def set_permissions(self, *_permissions):
        pass


class XenControl:
    """Enough memory, and an IOMMU."""

    def physinfo(self):
        return {
            "total_memory": MEMORY_KIB,
            "free_memory": MEMORY_KIB // 2,
            "virt_caps": "hvm hvm_directio pv",
        }


class QubesDB:
    """A database that no qube writes to."""

    def __init__(self, _name):
        self._values = {}

    def read(self, path):
        return self._values.get(path)

    def write(self, path, value):
        self._values[path] = value.encode() if isinstance(value, str) else value

    def rm(self, path):
        self._values.pop(path, None)

    def list(self, prefix):
        return [path for path in self._values if path.startswith(prefix)]

    def close(self):
        pass


class Done:
    """A process that has ended well."""

    returncode = 0

    async def communicate(self, **_input):
        return b"", b""

    async def wait(self):
        return 0


async def succeed(*_command, **_options):
    """What a daemon does when it starts well."""


def install():
    """qubesd, imported after this, finds the above instead of Xen and dom0's commands."""
    connection = Connection()

    async def run(*command, **_options):
        if command[:2] == ("xl", "shutdown"):
            connection.shut_down(command[-1])
        return Done()

    vars(libvirt).update(CONSTANTS, open=lambda _uri: connection)
    qubesdb.QubesDB = QubesDB
    lowlevel = types.SimpleNamespace(
        xs=types.SimpleNamespace(xs=XenStore), xc=types.SimpleNamespace(xc=XenControl)
    )
    xen = types.SimpleNamespace(lowlevel=lowlevel)
    sys.modules.update(
        {
            "xen": xen,
            "xen.lowlevel": lowlevel,
            "xen.lowlevel.xs": lowlevel.xs,
            "xen.lowlevel.xc": lowlevel.xc,
        }
    )
    asyncio.create_subprocess_exec = run
    subprocess.call = lambda *_command, **_options: 0
