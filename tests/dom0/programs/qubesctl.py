# SPDX-License-Identifier: MIT
"""qubesctl: Salt in dom0, and then in other qubes (qubes-mgmt-salt/qubesctl)."""

import argparse
import os
import subprocess
import sys

import qubesadmin

_CLASSES = {"templates": "TemplateVM", "standalones": "StandaloneVM", "app": "AppVM"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qubesctl")
    for option in ("show-output", "force-color", "skip-dom0", "skip-top-check", "sync-extmods"):
        parser.add_argument(f"--{option}", action="store_true")
    parser.add_argument("--max-concurrency", type=int, default=4)
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--targets")
    either.add_argument("--all", action="store_true")
    for option in _CLASSES:
        parser.add_argument(f"--{option}", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _targets(args: argparse.Namespace) -> list[str]:
    """Names that no qube has are passed over in silence."""
    classes = {klass for option, klass in _CLASSES.items() if getattr(args, option)}
    names = (args.targets or "").split(",")
    if not (classes or args.all or args.targets):
        return []
    return [
        vm.name
        for vm in qubesadmin.Qubes().domains.values()
        if vm.name != "dom0"
        and (vm.klass in classes or vm.name in names or (args.all and vm.klass != "DispVM"))
    ]


def main() -> int:
    """Salt has done it in dom0; 1 if not. Other qubes are not managed here, which is said."""
    if sys.argv[1:2] == ["--dom0-only"]:
        os.execvp("salt-call", ["salt-call", "--local", *sys.argv[2:]])
    args = _parser().parse_args()
    if not args.skip_dom0:
        ended = subprocess.run(["qubesctl", "--dom0-only", *args.command], check=False)
        if ended.returncode:
            print("DOM0 configuration failed, not continuing", file=sys.stderr)
            return 1
    targets = _targets(args)
    for name in targets:
        print(f"{name}: ERROR (Salt does not reach into simulated qubes)", file=sys.stderr)
    return int(bool(targets))
