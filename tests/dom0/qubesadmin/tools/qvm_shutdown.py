# SPDX-License-Identifier: MIT
"""qvm-shutdown: switch qubes off."""

import asyncio
import sys
import warnings

from qubesadmin import exc, tools, utils

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs="+")
parser.add_argument("--wait", action="store_true", default=False, help="wait until they are off")
parser.add_argument("--timeout", help="deprecated; the same as --wait")
parser.add_argument(
    "--force", action="store_true", default=False, help="even if other qubes depend on them"
)
parser.add_argument("--dry-run", action="store_true", default=False, help="do nothing")


class _Failed:
    """Those that did not go down, by reason."""

    def __init__(self, failed):
        self.used = {q: e for q, e in failed.items() if isinstance(e, exc.QubesVMInUseError)}
        self.late = {
            q: e for q, e in failed.items() if isinstance(e, exc.QubesVMShutdownTimeoutError)
        }
        self.other = {q: e for q, e in failed.items() if q not in self.used and q not in self.late}

    def __len__(self):
        return len(self.used) + len(self.late) + len(self.other)


async def _shutdown(qubes, args):
    return _Failed(await utils.shutdown(qubes, force=args.force, wait=args.wait))


async def _retry_used(failed, args):
    """Those that others depended on are asked again, while that helps."""
    if failed.used:
        times = len(failed.used)
        parser.print_error(f"Retrying shutdown of qubes that were in use for {times} time(s)")
    before = len(failed)
    for _ in range(len(failed.used)):
        names = ", ".join(qube.name for qube in failed.used)
        parser.print_error(f"Retrying shutdown of qubes that were in use: {names}")
        again = await _shutdown(failed.used, args)
        failed.used = again.used
        failed.other.update(again.other)
        failed.late.update(again.late)
        if len(again) == before:
            break
        before = len(again)


async def _retry_late(failed, args):
    """Those that took too long are asked again, and then killed."""
    if not failed.late:
        return failed
    names = ", ".join(qube.name for qube in failed.late)
    parser.print_error(f"Retrying shutdown of qubes that timed out: {names}")
    failed = await _shutdown(failed.late, args)
    if failed.late:
        names = ", ".join(qube.name for qube in failed.late)
        parser.print_error(f"Killing timed out qubes: {names}")
        failed.late = await utils.kill(failed.late)
    return failed


async def run_async(args=None, app=None):
    """All qubes were asked at once; the program ends with the number of those that are on."""
    args = parser.parse_args(args, app=app)
    if args.dry_run:
        return
    if args.timeout:
        warnings.warn(
            "Call to deprecated --timeout option, use --wait instead", FutureWarning, stacklevel=1
        )
        args.wait = True
    args.force = args.force or (args.all_domains and not args.exclude)
    failed = await _shutdown(args.domains, args)
    await _retry_used(failed, args)
    failed = await _retry_late(failed, args)
    for group in (failed.other, failed.used, failed.late):
        for qube, error in group.items():
            parser.print_error(f"Failed to shut down: {qube.name}: {error}")
    if len(failed):
        raise SystemExit(len(failed))


def main(args=None, app=None):
    """The qubes are off."""
    asyncio.run(run_async(args=args, app=app))


if __name__ == "__main__":
    sys.exit(main())
