# SPDX-License-Identifier: MIT
"""qvm-features: features of a qube."""

import sys

from qubesadmin import exc, tools

parser = tools.QubesArgumentParser(vmname_nargs=1, description=__doc__)
parser.add_argument("feature", metavar="FEATURE", nargs="?", help="the name")
parser.add_argument("value", metavar="VALUE", nargs="?", help="the new value")
parser.add_argument(
    "--unset",
    "--default",
    "--delete",
    "-D",
    dest="delete",
    action="store_true",
    help="unset the feature",
)


def main(args=None, app=None):
    """What was asked for is done; 1 if the feature is not set."""
    args = parser.parse_args(args, app=app)
    features = args.domains[0].features
    if args.feature is None and args.delete:
        parser.error("--unset requires a feature")
    if args.delete and args.value is not None:
        parser.error("cannot both set and unset a value")
    try:
        return _act(args, features)
    except KeyError:
        return 0 if args.delete else 1
    except exc.QubesException as error:
        return parser.error_runtime(error)


def _act(args, features):
    if args.feature is None:
        tools.print_table([(name, features[name]) for name in features])
    elif args.delete:
        del features[args.feature]
    elif args.value is None:
        print(features[args.feature])
    else:
        features[args.feature] = args.value
    return 0


if __name__ == "__main__":
    sys.exit(main())
