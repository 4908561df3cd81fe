# SPDX-License-Identifier: MIT
"""qubes-prefs: properties of the system."""

import sys

from qubesadmin.tools import qvm_prefs


def get_parser():
    """The options of qvm-prefs but for the qube."""
    return qvm_prefs.get_parser(None)


def main(args=None, app=None):
    """What was asked for is done to the system."""
    parser = get_parser()
    args = parser.parse_args(args, app=app)
    return qvm_prefs.process_actions(parser, args, args.app)


if __name__ == "__main__":
    sys.exit(main())
