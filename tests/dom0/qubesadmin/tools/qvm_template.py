# SPDX-License-Identifier: MIT
"""qvm-template: install templates from simulated packages, list them, remove them."""

import argparse
import fcntl
import glob
import itertools
import os
import sys

import template_packages

import qubesadmin
from qubesadmin import exc, tools
from qubesadmin.tools import qvm_kill, qvm_remove, template_install, template_lists

UPDATEVM = "global UpdateVM"


class _RepoAction(argparse.Action):
    """``--enablerepo`` and its like, in the order given."""

    def __call__(self, parser, namespace, values, option_string=None):
        given = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*given, (option_string.lstrip("-"), values)])


def get_parser():
    """The options of qvm-template."""
    parser = tools.QubesArgumentParser(description=__doc__)
    _add_common(parser)
    commands = parser.add_subparsers(dest="command")
    known = {name: commands.add_parser(name) for name in _COMMANDS}
    for name in ("install", "reinstall", "downgrade", "upgrade", "download"):
        known[name].add_argument("--downloaddir", default=".")
        known[name].add_argument("--retries", default=5, type=int)
        known[name].add_argument("--nogpgcheck", action="store_true")
        if name != "download":
            known[name].add_argument("--allow-pv", action="store_true")
            known[name].add_argument("--skip-start", action="store_true")
    known["install"].add_argument("--pool")
    for name in ("list", "info"):
        _add_listing(known[name])
    known["search"].add_argument("--all", action="store_true")
    known["remove"].add_argument("--disassoc", action="store_true")
    for name in _COMMANDS:
        if name not in ("clean", "repolist", "migrate-from-rpmdb"):
            known[name].add_argument("templates", nargs="*", metavar="TEMPLATESPEC")
    return parser


def _add_common(parser):
    parser.add_argument("--repo-files", action="append", default=[])
    parser.add_argument("--keyring", default="")
    parser.add_argument("--updatevm", default=UPDATEVM)
    for option in ("--enablerepo", "--disablerepo", "--repoid"):
        parser.add_argument(option, action=_RepoAction, default=[], metavar="REPOID", dest="repos")
    parser.add_argument("--releasever", default="4.3")
    parser.add_argument("--refresh", action="store_true")
    parser.add_argument("--cachedir", default="")
    parser.add_argument("--keep-cache", action="store_true", default=False)
    parser.add_argument("--yes", action="store_true")


def _add_listing(command):
    for option in ("all", "installed", "available", "extras", "upgrades", "all-versions"):
        command.add_argument(f"--{option}", action="store_true")
    shape = command.add_mutually_exclusive_group()
    shape.add_argument("--machine-readable", action="store_true")
    shape.add_argument("--machine-readable-json", action="store_true")


def _install(args, app):
    with open(f"{os.environ['TESSERAQT_DOM0']}/qvm-template.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RuntimeError(
                "Cannot get lock on /run/qubes/qvm-template.lock. "
                "Perhaps another instance of qvm-template is running?"
            ) from None
        for package in _wanted(args, app):
            template_install.install(args, app, package)


def _wanted(args, app):
    """The packages to install: files first, each checked; then what repositories have."""
    packages = []
    for spec in args.templates:
        if spec.endswith(".rpm"):
            if not os.path.exists(spec):
                parser.error(f"RPM file '{spec}' not found.")
            packages.append(template_packages.verified(spec, args.nogpgcheck))
    packages = [package for package in packages if not _is_installed(app, package.name)]
    found = {}
    for spec in args.templates:
        if not spec.endswith(".rpm"):
            candidates = template_packages.newest(_query(args, app, spec))
            if not candidates:
                parser.error(f"Template '{spec}' not found.")
            found.update(candidates)
    to_get = [package for package in found.values() if not _is_installed(app, package.name)]
    return packages + [_downloaded(args, app, package) for package in to_get]


def _is_installed(app, name):
    if name not in app.domains:
        return False
    print(
        f"Template '{name}' already installed, skipping... (You may want to use the "
        "{reinstall,upgrade,downgrade} operations.)",
        file=sys.stderr,
    )
    return True


def _reach_updatevm(args, app):
    """The qube that asks the repositories is started, as a service call would do it."""
    if args.updatevm:
        app.qubesd_call(app.domains[args.updatevm].name, "admin.vm.Start")


def _query(args, app, spec="*"):
    _reach_updatevm(args, app)
    return template_packages.available(args.repos, spec)


def _downloaded(args, app, package):
    print(f"Downloading '{package.full_name}'...", file=sys.stderr)
    _reach_updatevm(args, app)
    if args.nogpgcheck:
        print("Warning: --nogpgcheck is ignored for downloaded templates", file=sys.stderr)
    if not package.signed:
        raise template_packages.SignatureVerificationError(
            "Signature verification failed: -: digests SIGNATURES NOT OK\n"
        )
    return package


def _list(args, app):
    if not (args.installed or args.available or args.extras or args.upgrades):
        args.all = True
    packages = []
    if args.all or args.available or args.extras or args.upgrades:
        for spec in args.templates or ["*"]:
            packages += _query(args, app, spec)
        if not args.all_versions:
            packages = list(template_packages.newest(iter(packages)).values())
    entries = list(template_lists.entries(args, app, packages))
    if not entries:
        parser.error("No matching templates to list")
    template_lists.show(args, entries)


def _remove(args, app):
    for name in args.templates:
        if name not in app.domains:
            parser.error(f"no such domain: '{name}'")
    if not args.yes:
        _confirm("This will completely remove the selected VM(s)...", args.templates)
    if getattr(args, "disassoc", True):
        qvm_kill.main(["--", *args.templates], app)
    qvm_remove.main(["--force", "--", *args.templates], app)


def _confirm(message, names):
    print(message)
    for name in names:
        print(f"  {name}")
    if input("Are you sure? [y/N] ").lower() != "y":
        print("command cancelled.")
        sys.exit(1)


def _not_simulated(args, _app):
    raise exc.QubesException(f"qvm-template {args.command} is not simulated")


_COMMANDS = {
    "install": _install,
    "reinstall": _not_simulated,
    "downgrade": _not_simulated,
    "upgrade": _not_simulated,
    "download": _not_simulated,
    "list": _list,
    "info": _list,
    "search": _not_simulated,
    "remove": _remove,
    "purge": _not_simulated,
    "clean": _not_simulated,
    "repolist": _not_simulated,
    "migrate-from-rpmdb": _not_simulated,
}
parser = get_parser()


def main(args=None, app=None):
    """What was asked for is done; 1 if it fails, 2 if there is no such template."""
    known, rest = parser.parse_known_args(args)
    args = parser.parse_args(rest, namespace=known, app=app)
    if not args.command:
        parser.error("A command needs to be specified.")
    args.repo_files = list(itertools.chain(*(glob.glob(path) for path in args.repo_files)))
    app = app or qubesadmin.Qubes()
    if args.updatevm == UPDATEVM:
        args.updatevm = app.updatevm
    try:
        _COMMANDS[args.command](args, app)
    except Exception as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
