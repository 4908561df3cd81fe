# SPDX-License-Identifier: MIT
"""qvm-start: switch qubes on."""

import asyncio
import sys

from qubesadmin import tools, utils

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs="+")
parser.add_argument(
    "--skip-if-running", action="store_true", default=False, help="leave running qubes alone"
)
_drive = parser.add_mutually_exclusive_group()
_drive.add_argument("--drive", metavar="DRIVE", help="a temporary drive")
_drive.add_argument("--hddisk", metavar="IMAGE", dest="drive", help="a temporary disk")
_drive.add_argument("--cdrom", metavar="IMAGE", dest="drive", help="a temporary CD")
_drive.add_argument(
    "--install-windows-tools", action="store_const", dest="drive", default=False, const="cdrom"
)


async def run_async(args=None, app=None):
    """All qubes were started at once; 1 if one was not."""
    args = parser.parse_args(args, app=app)
    tasks = [
        asyncio.to_thread(
            utils.start_expert,
            domain=qube,
            skip_if_running=args.skip_if_running,
            drive=args.drive,
        )
        for qube in args.domains
    ]
    failed = 0
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for qube, result in zip(args.domains, results, strict=True):
        if isinstance(result, BaseException):
            failed = 1
            parser.print_error(f"Starting qube failed: {qube.name}: {result}")
    return failed


def main(args=None, app=None):
    """The qubes are on."""
    return asyncio.run(run_async(args=args, app=app))


if __name__ == "__main__":
    sys.exit(main())
