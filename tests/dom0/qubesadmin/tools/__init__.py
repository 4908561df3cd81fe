# SPDX-License-Identifier: MIT
"""What the qvm-* tools have in common."""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import qubesadmin
import qubesadmin.log


class QubesAction(argparse.Action):
    """An argument that means something in qubesd."""

    def parse_qubes_app(self, parser: QubesArgumentParser, namespace: argparse.Namespace) -> None:
        """The namespace holds what the argument means."""
        raise NotImplementedError

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        setattr(namespace, self.dest, values)


class PropertyAction(argparse.Action):
    """``--property NAME=VALUE``."""

    def __init__(self, option_strings: list[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, "properties", metavar="NAME=VALUE", **kwargs)

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        name, equals, value = values.partition("=")
        if not equals:
            parser.error(f"Invalid property token: {values!r}")
        properties = getattr(namespace, self.dest) or {}
        setattr(namespace, self.dest, {**properties, name: value})


class SinglePropertyAction(argparse.Action):
    """``--label VALUE``, kept among the properties."""

    def __init__(self, option_strings: list[str], dest: str, **kwargs: Any) -> None:
        kwargs.setdefault("metavar", "VALUE")
        super().__init__(option_strings, "properties", **kwargs)
        self.name = dest

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        if values:
            properties = getattr(namespace, self.dest) or {}
            setattr(namespace, self.dest, {**properties, self.name: values})


class VmNameAction(QubesAction):
    """One name of a qube or several."""

    def __init__(
        self, option_strings: list[str], nargs: Any = 1, dest: str = "vmnames", **kwargs: Any
    ) -> None:
        super().__init__(option_strings, dest=dest, nargs=nargs, **kwargs)

    def parse_qubes_app(self, parser, namespace) -> None:
        app = namespace.app
        namespace.domains = []
        if getattr(namespace, "all_domains", False):
            namespace.domains = [
                vm
                for vm in app.domains
                if vm.klass != "AdminVM" and vm.name not in namespace.exclude
            ]
            return
        if getattr(namespace, "exclude", None):
            parser.error("--exclude can only be used with --all")
        for name in self._names(app, getattr(namespace, self.dest)):
            self.add(parser, namespace, name)

    @staticmethod
    def _names(app: Any, given: list[str] | str | None) -> Iterable[str]:
        """Each name once; patterns stand for the names that match them."""
        names: list[str] = []
        for word in [given] if isinstance(given, str) else given or []:
            if any(sign in word for sign in "*?[!]"):
                names += [vm.name for vm in app.domains if fnmatch.fnmatch(vm.name, word)]
            else:
                names.append(word)
        return dict.fromkeys(names)

    def add(self, parser: Any, namespace: argparse.Namespace, name: str) -> None:
        """The qube of that name is meant."""
        try:
            namespace.domains.append(namespace.app.domains[name])
        except KeyError:
            parser.error(f"no such domain: {name!r}")


class RunningVmNameAction(VmNameAction):
    """Names of qubes that are on."""

    def parse_qubes_app(self, parser, namespace) -> None:
        super().parse_qubes_app(parser, namespace)
        for vm in namespace.domains:
            if not vm.is_running():
                parser.error_runtime(f"domain {vm.name!r} is not running")


class VMVolumeAction(QubesAction):
    """``QUBE:VOLUME``."""

    def parse_qubes_app(self, parser, namespace) -> None:
        words = getattr(namespace, self.dest).split(":")
        if len(words) != 2:
            parser.error("expected a vm & volume combination like foo:bar")
        try:
            vm = namespace.app.domains[words[0]]
        except KeyError:
            parser.error_runtime(f"no vm {words[0]!r}")
        try:
            setattr(namespace, self.dest, vm.volumes[words[1]])
        except KeyError:
            parser.error_runtime(f"vm {words[0]!r} has no volume {words[1]!r}")


class PoolsAction(QubesAction):
    """``--pool NAME``, perhaps several times."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest, None) or []), values])

    def parse_qubes_app(self, parser, namespace) -> None:
        names = getattr(namespace, self.dest, None)
        if names:
            try:
                setattr(namespace, self.dest, [namespace.app.pools[name] for name in names])
            except KeyError:
                parser.error(f"No such pools: {names}")


class QubesArgumentParser(argparse.ArgumentParser):
    """The options that all tools have; what arguments mean is asked from qubesd."""

    def __init__(
        self,
        vmname_nargs: int | str | None = None,
        show_forceroot: bool = False,
        version: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(add_help=False, **kwargs)
        self.add_argument("--verbose", "-v", action="count", help="say more")
        self.add_argument("--quiet", "-q", action="count", help="say less")
        self.add_argument(
            "--force-root", action="store_true", default=False, help=argparse.SUPPRESS
        )
        self._complain_if_root = show_forceroot
        self.add_argument("--help", "-h", action="help", help="show this help message and exit")
        program = os.path.basename(sys.argv[0])
        self.version = version or f"{program} (stand-in) {qubesadmin.__version__}"
        self.add_argument("--version", action="version")
        if vmname_nargs in (argparse.ZERO_OR_MORE, argparse.ONE_OR_MORE):
            required = vmname_nargs == argparse.ONE_OR_MORE
            self._mutually_exclusive_groups.append(VmNameGroup(self, required=required))
        elif vmname_nargs is not None:
            self.add_argument("VMNAME", nargs=vmname_nargs, action=VmNameAction)
        self.set_defaults(verbose=1, quiet=0)

    def parse_args(self, *args: Any, **kwargs: Any) -> argparse.Namespace:
        app = kwargs.pop("app", None)
        namespace = super().parse_args(*args, **kwargs)
        if self._complain_if_root and os.getuid() == 0 and not namespace.force_root:
            self.error("refusing to run as root; add --force-root to override")
        self.set_qubes_verbosity(namespace)
        namespace.app = app if app is not None else qubesadmin.Qubes()
        for action in self._actions:
            if isinstance(action, QubesAction):
                action.parse_qubes_app(self, namespace)
            elif isinstance(action, argparse._SubParsersAction) and namespace.command:
                self._ask_for(action.choices[namespace.command]._actions, namespace)
        return namespace

    def _ask_for(self, actions: list[argparse.Action], namespace: argparse.Namespace) -> None:
        for action in actions:
            if isinstance(action, QubesAction):
                action.parse_qubes_app(self, namespace)

    def error_runtime(self, message: object, exit_code: int = 1) -> None:
        """The program ends with a message and without usage."""
        self.exit(exit_code, f"{self.prog}: error: {message}\n")

    @staticmethod
    def set_qubes_verbosity(namespace: argparse.Namespace) -> None:
        """Logging is as loud as asked for."""
        loudness = namespace.verbose - namespace.quiet
        if loudness >= 2:
            qubesadmin.log.enable_debug()
        elif loudness >= 1:
            qubesadmin.log.enable()

    def print_error(self, *args: object, **kwargs: Any) -> None:
        """The message is on standard error."""
        print("Error:", *args, file=sys.stderr, **kwargs)


class AliasedSubParsersAction(argparse._SubParsersAction):
    """Subcommands that have more than one name."""


class VmNameGroup(argparse._MutuallyExclusiveGroup):
    """Names of qubes, or ``--all`` and perhaps ``--exclude``."""

    def __init__(
        self,
        container: Any,
        required: bool,
        vm_action: type = VmNameAction,
        help: str = "perform the action on all qubes",
    ) -> None:
        super().__init__(container, required=required)
        self.add_argument("--all", action="store_true", dest="all_domains", help=help)
        container.add_argument(
            "--exclude", action="append", default=[], help="exclude the qube from --all"
        )
        self.add_argument("VMNAME", action=vm_action, nargs="*", default=[])


def print_table(table: Iterable[Iterable[str]], stream: Any = None) -> None:
    """The rows with their columns aligned, as ``column -t`` does it."""
    rows = [list(map(str, row)) for row in table]
    (stream or sys.stdout).write(_aligned(rows))


def _aligned(rows: list[list[str]]) -> str:
    if shutil.which("column"):
        text = "".join("\x1f".join(row) + "\n" for row in rows)
        command = ["column", "-t", "-s", "\x1f"]
        done = subprocess.run(command, input=text or "\n", capture_output=True, text=True)
        return done.stdout
    count = max(map(len, rows), default=0)
    widths = [
        max((len(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)
    ]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)
