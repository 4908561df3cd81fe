# SPDX-License-Identifier: MIT
"""qvm-prefs: properties of a qube."""

import sys
import textwrap

from qubesadmin import exc, tools

_MAY_BE_NONE = ("default_dispvm", "netvm", "template", "guivm", "audiovm")


def get_parser(vmname_nargs=1):
    """The options of qvm-prefs, and of qubes-prefs without a qube."""
    parser = tools.QubesArgumentParser(vmname_nargs=vmname_nargs)
    for option, word in (
        ("--help-properties", "list all properties"),
        ("--hide-default", "leave out properties that nobody set"),
    ):
        parser.add_argument(option, action="store_true", help=word)
    parser.add_argument("--get", "-g", action="store_true", help="ignored")
    parser.add_argument("--set", "-s", action="store_true", help="ignored")
    parser.add_argument("property", metavar="PROPERTY", nargs="?", help="the name")
    parser.add_argument("value", metavar="VALUE", nargs="?", help="the new value")
    parser.add_argument(
        "--default", "-D", dest="delete", action="store_true", help="reset the property"
    )
    return parser


def process_actions(parser, args, target):
    """What was asked for is done to the qube, or to the system."""
    if args.help_properties:
        return _show_help(target)
    if args.property is None:
        return _show_all(args, target)
    args.property = args.property.replace("-", "_")
    if hasattr(type(target), args.property) and args.property not in target.property_list():
        parser.error(f"no such property: {args.property!r}")
    try:
        _act(args, target)
    except exc.QubesNoSuchPropertyError:
        parser.error(f"no such property: {args.property!r}")
    except exc.QubesException as error:
        parser.error_runtime(error)
    return 0


def _act(args, target):
    if args.value is not None:
        is_none = args.value.lower() == "none" and args.property in _MAY_BE_NONE
        setattr(target, args.property, "" if is_none else args.value)
    elif args.delete:
        delattr(target, args.property)
    elif not (args.hide_default and target.property_is_default(args.property)):
        value = getattr(target, args.property)
        if value is not None:
            print(value)


def _show_help(target):
    names = sorted(target.property_list())
    width = max(map(len, names))
    wrapper = textwrap.TextWrapper(
        width=80, initial_indent="  ", subsequent_indent=" " * (width + 6)
    )
    for name in names:
        print(wrapper.fill(f"{name:{width}s}  {target.property_help(name)}"))
    return 0


def _show_all(args, target):
    args.app.cache_enabled = True
    names = sorted(target.property_list())
    width = max(map(len, names))
    for name in names:
        try:
            value = getattr(target, name)
        except AttributeError:
            print(f"{name:{width}s}  U")
            continue
        if not target.property_is_default(name):
            print(f"{name:{width}s}  -  {value}")
        elif not args.hide_default:
            print(f"{name:{width}s}  D  {value}")
    return 0


def main(args=None, app=None):
    """What was asked for is done to the qube."""
    parser = get_parser(1)
    args = parser.parse_args(args, app=app)
    return process_actions(parser, args, args.domains.pop())


if __name__ == "__main__":
    sys.exit(main())
