# SPDX-License-Identifier: MIT
"""qubesd-query: one call to the Admin API, as it is (qubes/tools/qubesd_query.py)."""

import argparse
import sys

import simulated_qubesd

_LONGEST = 65536


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connect", "-c", metavar="PATH", help="ignored")
    parser.add_argument("--empty", "-e", action="store_true", help="do not read a payload")
    parser.add_argument("--fail", action="store_true", help="end with 2 when qubesd refuses")
    parser.add_argument("--max-bytes", type=int, default=_LONGEST)
    parser.add_argument("--single-line", action="store_true", help="the payload is one line")
    parser.add_argument("--null", action="store_true", help="one more NUL at the end")
    parser.add_argument("src", metavar="SRC", choices=["dom0"])
    parser.add_argument("method", metavar="METHOD")
    parser.add_argument("dest", metavar="DEST")
    parser.add_argument("arg", metavar="ARGUMENT", nargs="?", default="")
    return parser


def _payload(parser: argparse.ArgumentParser, args: argparse.Namespace) -> bytes:
    if args.empty:
        return b""
    if args.single_line:
        return sys.stdin.buffer.readline().removesuffix(b"\n")
    payload = sys.stdin.buffer.read(_LONGEST + 1)
    if len(payload) > args.max_bytes:
        parser.error(f"Payload too long (max {args.max_bytes})")
    return payload


def main() -> int:
    """The reply is on standard output, with the byte that says whether it is one."""
    parser = _parser()
    args = parser.parse_args()
    payload = _payload(parser, args)
    reply = simulated_qubesd.call(args.dest, args.method, args.arg, payload)
    sys.stdout.buffer.write(reply)
    if args.fail:
        return int(reply[:1] or b"1")
    if args.null:
        sys.stdout.buffer.write(b"\0")
    return 0
