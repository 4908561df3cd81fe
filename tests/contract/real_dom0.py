# SPDX-License-Identifier: MIT
"""The real qubesd without Xen: ``python real_dom0.py DIR`` serves a fresh installation.

``qubes`` and ``qubesadmin`` are imported from PYTHONPATH, and so are the stubs of ``libvirt`` and
``qubesdb`` that core-admin brings along. "ready" is printed when DIR/qubesd.sock answers. SIGHUP
gives everything up for a new fresh installation and prints "ready" again; SIGTERM ends it.
DIR/calls.log has one line for each Admin API call: method, destination, argument, separated by
tabs. DIR/bin has the qvm-* commands.
"""

import asyncio
import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import pathlib
import runpy
import shutil
import signal
import subprocess
import sys
import unittest.mock

TOOLS = (
    *("qvm-check", "qvm-clone", "qvm-create", "qvm-device", "qvm-features", "qvm-firewall"),
    *("qvm-kill", "qvm-ls", "qvm-notes", "qvm-pause", "qvm-pool", "qvm-prefs", "qvm-remove"),
    *("qvm-run", "qvm-service", "qvm-shutdown", "qvm-start", "qvm-tags", "qvm-template"),
    *("qvm-unpause", "qvm-volume", "qubes-prefs"),
)
DEVICE_CLASSES = ("pci", "block", "usb", "mic")


class Dom0:
    """A directory with everything that dom0 keeps on disk."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory).resolve()
        self.state = self.directory / "var"
        self.running = self.state / "running"
        self.pristine = self.directory / "pristine"
        self.socket = self.directory / "qubesd.sock"
        self.metadata = self.directory / "metadata"
        self.calls = self.directory / "calls.log"

    def lay_out(self):
        """The directory holds kernels, PCI devices and commands."""
        for kernel in installation.KERNELS:
            files = self.state / "vm-kernels" / kernel
            files.mkdir(parents=True)
            for file in ("vmlinuz", "initramfs", "modules.img"):
                (files / file).write_bytes(b"")
        self.running.mkdir()
        (self.directory / "sys/devices/pci0000:00").mkdir(parents=True)
        (self.directory / "sys/bus/pci/devices").mkdir(parents=True)
        commands = self.directory / "bin"
        commands.mkdir()
        modules = {name: name.replace("-", "_") for name in TOOLS}
        modules |= {f"qvm-{devclass}": "qvm_device" for devclass in DEVICE_CLASSES}
        for name, module in modules.items():
            _command(
                commands / name, f"from qubesadmin.tools.{module} import main", "sys.exit(main())"
            )
        query = importlib.util.find_spec("qubes.tools.qubesd_query").origin
        connect = f"sys.exit(main(['--connect', {str(self.socket)!r}, *sys.argv[1:]]))"
        _command(
            commands / "qubesd-query",
            "import runpy",
            f"main = runpy.run_path({query!r})['main']",
            connect,
        )
        for name in ("runuser", "qvm-appmenus"):
            _command(commands / name)

    def keep(self):
        """What is on disk now is what ``restore`` brings back."""
        _copy(self.state, self.pristine)

    def restore(self):
        shutil.rmtree(self.state)
        _copy(self.pristine, self.state)


def _command(path, *lines):
    path.write_text("\n".join((f"#!{sys.executable}", "import sys", *lines, "")))
    path.chmod(0o755)


def _copy(source, target):
    subprocess.run(["cp", "-a", "--sparse=always", source, target], check=True)


def register_distributions(dom0):
    """Entry points and versions are found, although neither package is installed."""
    import qubes
    import qubesadmin

    for package in (qubes, qubesadmin):
        try:
            importlib.metadata.version(package.__name__)
        except importlib.metadata.PackageNotFoundError:
            _describe(dom0.metadata, package.__name__, pathlib.Path(package.__file__).parent.parent)
    sys.path.insert(0, str(dom0.metadata))


def _describe(metadata, name, source):
    version = (source / "version").read_text().strip()
    directory = metadata / f"{name}-{version}.dist-info"
    directory.mkdir(parents=True)
    # the tools put all of these into what --version prints
    (directory / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: not installed\n"
        "Author: its authors\nLicense: its licence\n"
    )
    if (source / "setup.py").exists():
        groups = _setup_arguments(source).get("entry_points", {})
        text = "\n".join(
            line for group, entries in groups.items() for line in (f"[{group}]", *entries)
        )
        (directory / "entry_points.txt").write_text(text + "\n")


def _setup_arguments(source):
    with unittest.mock.patch("setuptools.setup") as setup, contextlib.chdir(source):
        runpy.run_path("setup.py", run_name="__main__")
    return setup.call_args.kwargs


def configure(dom0):
    """qubesd, which reads these constants when it needs them, keeps to ``dom0``'s directory."""
    import qrexec.policy.utils
    import qubes.config
    import qubes.ext.pci
    import qubes.storage
    import qubes.utils
    import qubes.vm.qubesvm

    qubes.config.qubes_base_dir = str(dom0.state)
    qubes.config.system_path["dom0_services_dir"] = str(dom0.state / "services")
    pools = qubes.config.defaults["pool_configs"]
    pools["varlibqubes"].update(dir_path=str(dom0.state), driver="file-reflink", setup_check=False)
    pools["linux-kernel"]["dir_path"] = str(dom0.state / "vm-kernels")
    qubes.storage.VOLUME_STATE_DIR = str(dom0.running)
    qubes.utils.SYSFS_BASE = str(dom0.directory / "sys")
    qubes.ext.pci.pci_classes = no_xen.PCI_CLASSES
    qubes.vm.qubesvm.qmemman_present = False
    # nothing here has to survive a power failure
    os.fsync = lambda _file: None
    qrexec.policy.utils.PolicyCache.initialize_watcher = lambda self: None
    vm = qubes.vm.qubesvm.QubesVM
    vm.is_qrexec_running = lambda self, stubdom=False: self.is_running()
    vm.start_daemon = staticmethod(no_xen.succeed)
    qubes.vm.LocalVM.start_qdb_watch = lambda self, loop=None: None


def install(dom0):
    """A ``qubes.Qubes`` with the starting fleet, as the installer would leave it."""
    import jinja2
    import qubes.app

    app = qubes.Qubes.create_empty_store(str(dom0.state / "qubes.xml"), offline_mode=False)
    app.env.loader = jinja2.FileSystemLoader(
        pathlib.Path(qubes.__file__).parent.parent / "templates"
    )
    app.default_kernel = installation.KERNELS[0]

    async def settle():
        app.register_event_handlers()
        await app.setup_pools()
        for method, destination, argument, payload in installation.calls():
            await call(app, method, destination, argument, payload)
        app.save()

    asyncio.run(settle())
    return app


async def call(app, method, destination, argument, payload):
    import qubes.api.admin

    words = (word.encode() for word in ("dom0", method, destination, argument))
    await qubes.api.admin.QubesAdminAPI(app, *words).execute(untrusted_payload=payload.encode())


async def serve(app, dom0):
    """The Admin API is served until the process ends."""
    import qubes.api
    import qubes.api.admin

    class Protocol(qubes.api.QubesDaemonProtocol):
        async def respond(self, src, meth, dest, arg, *, untrusted_payload):
            print(meth.decode(), dest.decode(), arg.decode(), sep="\t", file=log, flush=True)
            await super().respond(src, meth, dest, arg, untrusted_payload=untrusted_payload)

    dom0.socket.unlink(missing_ok=True)
    with dom0.calls.open("w", encoding="utf-8") as log:
        protocol = functools.partial(Protocol, qubes.api.admin.QubesAdminAPI, app=app)
        server = await asyncio.get_running_loop().create_unix_server(protocol, str(dom0.socket))
        print("ready", flush=True)
        await server.serve_forever()


def serve_until_told(app, dom0):
    """Serves from a forked copy of ``app``, a new one for each SIGHUP, until SIGTERM or SIGINT."""
    told = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)
    again = True
    while again:
        child = os.fork()
        if not child:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, told)
            asyncio.run(serve(app, dom0))
        again = signal.sigwait(told) == signal.SIGHUP
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if again:
            dom0.restore()


def main(directory):
    dom0 = Dom0(directory)
    no_xen.install()
    dom0.lay_out()
    register_distributions(dom0)
    configure(dom0)
    app = install(dom0)
    dom0.keep()
    serve_until_told(app, dom0)


if __name__ == "__main__":
    import installation
    import no_xen

    main(sys.argv[1])
