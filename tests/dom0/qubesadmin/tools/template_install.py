# SPDX-License-Identifier: MIT
"""How a template package becomes a template (qvm_template.py, qvm_template_postprocess.py)."""

import datetime
import sys

import simulated_qubesd

import qubesadmin
from qubesadmin import exc

_FLAGS = (
    "no-monitor-layout",
    "pci-e820-host",
    "linux-stubdom",
    "gui",
    "selinux",
    "gui-emulated",
    "qrexec",
)


def install(args, app, package):
    """There is a template of that name, made from the package."""
    print(f"Installing template '{package.name}'...", file=sys.stderr)
    _postprocess(args, package)
    app.domains.refresh_cache(force=True)
    template = app.domains[package.name]
    for key, value in _facts(package).items():
        template.features[f"template-{key}"] = value


def _facts(package):
    return {
        "name": package.name,
        "epoch": package.epoch,
        "version": package.version,
        "release": package.release,
        "reponame": package.reponame,
        "buildtime": package.buildtime,
        "installtime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "license": package.license,
        "url": package.url,
        "summary": package.summary,
        "description": package.description.replace("\n", "|"),
    }


def _postprocess(args, package):
    """What a program of its own does, with a client of its own."""
    app = qubesadmin.Qubes()
    if package.name in app.domains:
        raise exc.QubesException(f"{package.name} is there already")
    template = app.add_new_vm(
        "TemplateVM",
        name=package.name,
        label=qubesadmin.config.defaults["template_label"],
        pool=args.pool,
    )
    simulated_qubesd.import_volume(package.name, "root", package.root_size)
    template.installed_by_rpm = False
    _configure(args, template, package.config)
    if not args.skip_start:
        _start_once(template, package)


def _configure(args, template, config):
    for key in _FLAGS:
        if config.get(key) == "1":
            template.features[key] = "1"
    mode = config.get("virt-mode")
    if mode in ("pvh", "hvm") or (mode == "pv" and args.allow_pv):
        template.virt_mode = mode
    if config.get("kernel") == "":
        template.kernel = ""


def _start_once(template, package):
    """The template runs once without network, to say what it can do."""
    template.netvm = None
    template.features["qrexec"] = True
    try:
        template.start()
    except exc.QubesException:
        del template.features["qrexec"]
    else:
        template.app.qubesd_call(template.name, "admin.vm.Start")
        simulated_qubesd.announce(package.name, package.announces)
        template.shutdown(wait=True)
    finally:
        template.netvm = qubesadmin.DEFAULT
