# SPDX-License-Identifier: MIT
"""qvm-unpause: let qubes go on."""

import asyncio
import sys

from qubesadmin import tools, utils

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs="+")


def main(args=None, app=None):
    """The qubes go on; 1 if one does not."""
    args = parser.parse_args(args, app=app)
    domains = args.domains
    if args.all_domains:
        domains = [vm for vm in domains if not vm.features.get("internal")]
    failed = asyncio.run(utils.unpause(domains))
    for qube, error in failed.items():
        parser.print_error(f"Failed to unpause/resume: {qube}: {error}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
