# SPDX-License-Identifier: MIT
"""qvm-ls: list qubes."""

import argparse
import sys

from qubesadmin import exc, tools
from qubesadmin.tools import ls_columns

DOMAIN_POWER_STATES = ("running", "paused", "halted")
FORMATS = {
    "simple": "name state class label template netvm",
    "network": "name state netvm ip ipback gateway",
    "kernel": "name state class template kernel kernelopts",
    "full": "name state class label qid xid uuid",
    "prefs": "name label template netvm vcpus initialmem maxmem virt_mode",
    "disk": "name state disk priv-curr priv-max priv-used root-curr root-max root-used",
}
_TRUE = ("1", "true", "True")
_YES_OR_NO = ("y", "yes", "n", "no")


def get_parser():
    """The options of qvm-ls."""
    parser = tools.QubesArgumentParser(vmname_nargs=argparse.ZERO_OR_MORE, description=__doc__)
    shape = parser.add_argument_group("formatting options")
    either = shape.add_mutually_exclusive_group()
    either.add_argument("--format", "-o", choices=FORMATS, default="simple")
    either.add_argument("--fields", "-O", metavar="FIELD,...")
    for name in ("disk", "network", "kernel"):
        either.add_argument(
            f"--{name}", f"-{name[0]}", action="store_const", dest="format", const=name
        )
    shape.add_argument("--tree", "-t", action="store_const", const="tree")
    shape.add_argument("--raw-data", action="store_true")
    shape.add_argument("--raw-list", action="store_true")
    _add_filters(parser.add_argument_group("filtering options"))
    parser.add_argument("--sort", metavar="COLUMN", default="NAME")
    parser.add_argument("--reverse", action="store_true", default=False)
    parser.add_argument("--ignore-case", action="store_true", default=False)
    parser.add_argument("--spinner", action="store_true", default=True)
    parser.add_argument("--no-spinner", action="store_false", dest="spinner")
    return parser


def _add_filters(group):
    group.add_argument("--class", nargs="+", metavar="CLASS", dest="klass")
    for name in ("label", "tags", "exclude-tags", "template-source", "netvm-is"):
        group.add_argument(f"--{name}", nargs="+")
    for state in DOMAIN_POWER_STATES:
        group.add_argument(f"--{state}", action="store_true")
    for name in ("internal", "servicevm"):
        group.add_argument(f"--{name}", metavar="<y|n>", default="both", choices=_YES_OR_NO)
    group.add_argument("--pending-update", action="store_true")
    group.add_argument("--features", nargs="+", metavar="FEATURE=VALUE")
    group.add_argument("--prefs", nargs="+", metavar="PREFERENCE=VALUE")


def _filters(parser, args):
    """What a qube must be to be shown, one question after the other."""
    questions = {
        "klass": lambda vm: vm.klass in args.klass,
        "label": lambda vm: vm.label.name in args.label,
        "tags": lambda vm: set(vm.tags) & set(args.tags),
        "exclude_tags": lambda vm: not set(vm.tags) & set(args.exclude_tags),
        "template_source": lambda vm: getattr(vm, "template", "") in args.template_source,
        "netvm_is": lambda vm: getattr(vm, "netvm", "") in args.netvm_is,
    }
    yield from (question for option, question in questions.items() if getattr(args, option))
    for name in ("internal", "servicevm"):
        wanted = getattr(args, name)
        if wanted in _YES_OR_NO:
            yield _answers(name, wanted.startswith("y"))
    if args.pending_update:
        yield lambda vm: vm.features.get("updates-available")
    yield from _values(parser, args)
    states = [state for state in DOMAIN_POWER_STATES if getattr(args, state)]
    if states:
        yield lambda vm: vm.get_power_state().lower() in states


def _answers(feature, yes):
    return lambda vm: (vm.features.get(feature) in _TRUE) == yes


def _values(parser, args):
    for name, value in _pairs(parser, args, "features"):
        yield lambda vm, name=name, value=value: vm.features.get(name) == value
    for name, value in _pairs(parser, args, "prefs"):
        yield lambda vm, name=name, value=value: str(getattr(vm, name, None)) == value


def _pairs(parser, args, option):
    for word in getattr(args, option) or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            parser.error(f"Invalid argument: --{option} {word}")
        yield name, {"": None, "''": "", '""': ""}.get(value, value)


def _domains(parser, args):
    domains = args.domains or args.app.domains
    if args.all_domains:
        domains = [vm for vm in args.app.domains if vm.name not in args.exclude]
    for fits in _filters(parser, args):
        domains = [vm for vm in domains if fits(vm)]
    return sorted(domains)


def _rows(domains, columns):
    for vm in domains:
        try:
            yield [ls_columns.cell(vm, column) for column in columns]
        except exc.QubesVMNotFoundError:
            continue


def _sorted(rows, columns, args):
    if args.sort.upper() not in columns:
        return rows
    at = columns.index(args.sort.upper())
    is_number = args.sort.upper() in ls_columns.NUMERIC

    def key(row):
        if is_number:
            digits = row[at].removesuffix("%")
            return int(digits) if digits.lstrip("-").isdigit() else 0
        return row[at].upper() if args.ignore_case else row[at]

    return sorted(rows, key=key, reverse=args.reverse)


def main(args=None, app=None):
    """The qubes asked for are shown."""
    parser = get_parser()
    try:
        args = parser.parse_args(args, app=app)
    except exc.QubesException as error:
        parser.print_error(error)
        return 1
    args.app.cache_enabled = True
    args.raw_data = args.raw_data or args.raw_list
    fields = "name" if args.raw_list else args.fields
    names = [name.strip() for name in fields.split(",")] if fields else FORMATS[args.format].split()
    columns = [name.upper().replace("_", "-") for name in names]
    rows = _rows(_domains(parser, args), columns)
    if args.raw_data:
        sys.stdout.writelines("|".join(row) + "\n" for row in rows)
    else:
        tools.print_table([columns, *_sorted(list(rows), columns, args)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
