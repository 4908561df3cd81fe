# SPDX-License-Identifier: MIT
"""qvm-create: make a qube."""

import argparse
import os
import sys

from qubesadmin import exc, tools

parser = tools.QubesArgumentParser()
parser.add_argument("--class", "-C", dest="cls", default="AppVM", help="the class of the qube")
parser.add_argument("--standalone", action="store_true", help="the class is StandaloneVM")
parser.add_argument("--disp", action="store_true", help="the class is DispVM, the label red")
parser.add_argument(
    "--property", "--prop", action=tools.PropertyAction, help="a property of the qube"
)
parser.add_argument(
    "--pool", "-p", action="append", metavar="VOLUME_NAME=POOL_NAME", help="where a volume is"
)
parser.add_argument(
    "-P", metavar="POOL_NAME", dest="one_pool", default="", help="where all volumes are"
)
parser.add_argument(
    "--template", "-t", action=tools.SinglePropertyAction, help="the template of the qube"
)
parser.add_argument(
    "--label", "-l", action=tools.SinglePropertyAction, help="the label, such as red"
)
parser.add_argument("--help-classes", action="store_true", help="list the classes")
_root = parser.add_mutually_exclusive_group()
_root.add_argument("--root-copy-from", "-r", metavar="FILENAME", help="what root holds")
_root.add_argument("--root-move-from", "-R", metavar="FILENAME", help="the same; it is removed")
_root.add_argument("--no-root", action="store_true", default=False, help=argparse.SUPPRESS)
parser.add_argument(
    "name",
    metavar="VMNAME",
    action=tools.SinglePropertyAction,
    nargs="?",
    help="the name of the qube",
)


def main(args=None, app=None):
    """There is a qube; 1 if not, 2 or 3 if one that is not as asked for."""
    args = parser.parse_args(args, app=app)
    if args.help_classes:
        print("\n".join(args.app.list_vmclass()))
        return 0
    pools = _pools(args)
    _complete(args)
    root = _root_image(args)
    _check_label(args)
    try:
        vm = _create(args, pools)
    except exc.QubesException as error:
        args.app.log.error("Error creating VM: %s", error)
        return 1
    return _set_properties(args, vm) or _import_root(args, vm, root)


def _pools(args):
    pools = {}
    for word in args.pool or ():
        try:
            volume, pool = word.split("=")
        except ValueError:
            parser.error("Pool argument must be of form: -p volume_name=pool_name")
        pools[volume] = pool
    return pools


def _complete(args):
    if args.disp:
        args.properties.setdefault("label", "red")
        args.cls = "DispVM"
    if args.standalone:
        args.cls = "StandaloneVM"
    if "label" not in args.properties:
        parser.error("--label option is mandatory")
    if "name" not in args.properties:
        parser.error("VMNAME is mandatory")


def _root_image(args):
    root = args.root_copy_from or args.root_move_from
    if root and not os.path.exists(root):
        parser.error("File pointed by --root-copy-from/--root-move-from does not exist")
    if root and args.cls in ("AppVM", "DispVM"):
        parser.error(
            "--root-copy-from/--root-move-from used but this qube does not have own 'root' volume "
            "(uses template's one)"
        )
    return root


def _check_label(args):
    label = args.properties["label"]
    try:
        args.app.get_label(label)
    except KeyError:
        parser.error(f"no such label: {label!r}; available: {', '.join(args.app.labels)}")


def _create(args, pools):
    properties, pool = args.properties, args.one_pool or None
    if args.cls == "StandaloneVM" and "template" in properties:
        return args.app.clone_vm(
            properties.pop("template"),
            properties.pop("name"),
            new_cls=args.cls,
            pool=pool,
            pools=pools,
            ignore_volumes=("private",),
        )
    return args.app.add_new_vm(
        args.cls,
        name=properties.pop("name"),
        label=properties.pop("label"),
        template=properties.pop("template", None),
        pool=pool,
        pools=pools,
    )


def _set_properties(args, vm):
    failed = 0
    for name, value in args.properties.items():
        try:
            setattr(vm, name, value)
        except exc.QubesException as error:
            args.app.log.error("Error setting property %s (but VM created): %s", name, error)
            failed = 2
    return failed


def _import_root(args, vm, root):
    if not root:
        return 0
    try:
        with open(root, "rb") as image:
            vm.volumes["root"].import_data_with_size(image, os.path.getsize(root))
        if args.root_move_from:
            os.unlink(root)
    except exc.QubesException as error:
        args.app.log.error("Error importing root volume (but VM created): %s", error)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
