# SPDX-License-Identifier: MIT
"""qvm-remove: remove qubes."""

import sys

from qubesadmin import exc, tools, utils

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs="+")
parser.add_argument(
    "--force", "-f", action="store_true", dest="no_confirm", default=False, help="do not ask"
)


def main(args=None, app=None):
    """The qubes are gone; 1 if not."""
    args = parser.parse_args(args, app=app)
    if "dom0" in args.domains:
        print("Domain 'dom0' cannot be removed.", file=sys.stderr)
        return 1
    if not _sure(args):
        print("Remove cancelled.", file=sys.stderr)
        return 1
    for vm in args.domains:
        try:
            del args.app.domains[vm.name]
        except exc.QubesVMInUseError as error:
            _show_users(vm)
            parser.error_runtime(error)
        except exc.QubesException as error:
            parser.error_runtime(error)
    return 0


def _sure(args):
    if args.no_confirm:
        return True
    if args.all_domains and not args.exclude:
        print("WARNING!!! Removing all domains", file=sys.stderr)
        if input("Are you certain? [N/IKNOWWHATIAMDOING]") != "IKNOWWHATIAMDOING":
            return False
    print("This will completely remove the selected VM(s)...", file=sys.stderr)
    for vm in args.domains:
        print(" ", vm.name)
    return input("Are you sure? [y/N] ").upper() == "Y"


def _show_users(vm):
    users = utils.vm_dependencies(vm.app, vm)
    if users:
        print(f"VM {vm.name} cannot be removed. It is in use as:", file=sys.stderr)
    for holder, name in users:
        line = f" - {name} for {holder.name}" if holder else f" - global property {name}"
        print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
