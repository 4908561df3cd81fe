# SPDX-License-Identifier: MIT
"""qvm-service: services of a qube."""

import argparse
import sys

from qubesadmin import exc, tools

parser = tools.QubesArgumentParser(
    vmname_nargs=1, argument_default=argparse.SUPPRESS, description=__doc__
)
parser.add_argument("service", metavar="SERVICE", nargs="?", help="the name")
parser.add_argument("value", metavar="VALUE", nargs="?", help="on or off")
parser.add_argument(
    "--unset",
    "--default",
    "--delete",
    "-D",
    dest="delete",
    default=False,
    action="store_true",
    help="unset the service",
)
parser.add_argument("--list", "-l", action="store_true", help="list the services")
parser.add_argument(
    "--enable", "-e", dest="value", action="store_const", const="1", help="the same as on"
)
parser.add_argument(
    "--disable", "-d", dest="value", action="store_const", const="0", help="the same as off"
)


def parse_bool(value):
    """The usual spellings of yes and no."""
    if not isinstance(value, str):
        return bool(value)
    if value.lower() in ("0", "no", "false", "off"):
        return False
    if value.lower() in ("1", "yes", "true", "on"):
        return True
    raise exc.QubesValueError(f"Invalid literal for boolean value: {value!r}")


def main(args=None, app=None):
    """What was asked for is done; 1 if the service is not set."""
    args = parser.parse_args(args, app=app)
    features = args.domains[0].features
    if not hasattr(args, "service"):
        if args.delete:
            parser.error("--unset requires a feature")
        return _list(features)
    if args.delete and hasattr(args, "value"):
        parser.error("cannot both set and unset a value")
    try:
        return _act(args, features, f"service.{args.service}")
    except KeyError:
        return 0 if args.delete else 1
    except exc.QubesException as error:
        return parser.error_runtime(error)


def _list(features):
    services = [
        (name.removeprefix("service."), "on" if features[name] else "off")
        for name in features
        if name.startswith("service.")
    ]
    tools.print_table(services)
    return 0


def _act(args, features, name):
    if args.delete:
        del features[name]
    elif hasattr(args, "value"):
        features[name] = parse_bool(args.value)
    else:
        print("on" if features[name] else "off")
    return 0


if __name__ == "__main__":
    sys.exit(main())
