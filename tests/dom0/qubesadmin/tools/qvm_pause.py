# SPDX-License-Identifier: MIT
"""qvm-pause: stop qubes where they are."""

import asyncio
import sys

from qubesadmin import tools, utils

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs="+")
parser.add_argument("--suspend", "-S", action="store_true", help="let them sleep instead")


def main(args=None, app=None):
    """The qubes stand still; 1 if one does not."""
    args = parser.parse_args(args, app=app)
    action = "suspend" if args.suspend else "pause"
    failed = asyncio.run(getattr(utils, action)(args.domains))
    for qube, error in failed.items():
        parser.print_error(f"Failed to {action}: {qube}: {error}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
