# SPDX-License-Identifier: MIT
"""What qvm-template list and info show."""

import json
from typing import NamedTuple

from template_packages import Package

from qubesadmin import tools

_TITLES = {
    "installed": "Installed Templates",
    "available": "Available Templates",
    "extra": "Extra Templates",
    "upgradable": "Available Upgrades",
}


class Entry(NamedTuple):
    """A template in a list."""

    status: str
    package: Package
    installtime: str


def entries(args, app, packages):
    """What was asked for: installed, available, extra and upgradable templates."""
    if args.installed or args.all:
        yield from (_installed(vm, "installed") for vm in _managed(args, app))
    if args.available or args.all:
        yield from (Entry("available", package, "") for package in packages)
    if args.extras:
        remote = {package.name for package in packages}
        yield from (_installed(vm, "extra") for vm in _managed(args, app) if vm.name not in remote)
    if args.upgrades:
        local = {vm.name: _package(vm) for vm in _managed(args, app, every=True)}
        for package in packages:
            if package.name in local and local[package.name].age < package.age:
                yield Entry("upgradable", package, "")


def _managed(args, app, every=False):
    for vm in app.domains:
        if vm.features.get("template-name") == vm.name:
            package = _package(vm)
            if every or not args.templates or any(map(package.matches, args.templates)):
                yield vm


def _package(vm):
    facts = {
        key: vm.features[f"template-{key}"]
        for key in ("epoch", "version", "release", "reponame", "buildtime", "license", "url")
    }
    text = {key: vm.features[f"template-{key}"] for key in ("summary", "description")}
    return Package(vm.name, **facts, **text)


def _installed(vm, status):
    return Entry(status, _package(vm), vm.features["template-installtime"])


def _short(entry):
    package = entry.package
    return {"name": package.name, "evr": package.evr, "reponame": package.reponame}


def _long(entry):
    package = entry.package
    return {
        "name": package.name,
        "epoch": package.epoch,
        "version": package.version,
        "release": package.release,
        "reponame": package.reponame,
        "size": str(package.root_size),
        "buildtime": package.buildtime,
        "installtime": entry.installtime,
        "license": package.license,
        "url": package.url,
        "summary": package.summary,
        "description": package.description,
    }


def show(args, listed):
    """The entries are printed, as a table or for programs."""
    facts = _long if args.command == "info" else _short
    by_status = {}
    for entry in listed:
        by_status.setdefault(entry.status, []).append(facts(entry))
    if args.machine_readable_json:
        print(json.dumps(by_status))
        return
    for status, rows in by_status.items():
        if args.machine_readable:
            for row in rows:
                print("|".join([status, *row.values()]))
        else:
            print(_TITLES[status], flush=True)
            _print_rows(args, rows)


def _print_rows(args, rows):
    if args.command == "list":
        tools.print_table([list(row.values()) for row in rows])
        return
    for row in rows:
        tools.print_table([(key.capitalize(), ":", value) for key, value in row.items()])
        print()
