# SPDX-License-Identifier: MIT
"""qvm-kill: switch qubes off at once."""

import asyncio
import sys

from qubesadmin import tools, utils

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs="+")


def main(args=None, app=None):
    """The qubes are off; the program ends with the number of those that are not."""
    args = parser.parse_args(args, app=app)
    failed = asyncio.run(utils.kill(args.domains))
    for qube, error in failed.items():
        parser.print_error(f"Failed to kill: {qube}: {error}")
    if failed:
        raise SystemExit(len(failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
