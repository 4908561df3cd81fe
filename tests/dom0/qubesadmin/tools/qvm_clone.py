# SPDX-License-Identifier: MIT
"""qvm-clone: copy a qube."""

import sys

from qubesadmin import exc, tools

parser = tools.QubesArgumentParser(description=__doc__, vmname_nargs=1)
parser.add_argument("new_name", metavar="NEWVM", help="the name of the copy")
parser.add_argument("--class", "-C", dest="cls", default=None, help="the class of the copy")
parser.add_argument(
    "--ignore-errors", action="store_true", default=False, help="go on when a setting fails"
)
_pool = parser.add_mutually_exclusive_group()
_pool.add_argument("-P", metavar="POOL", dest="one_pool", default="", help="where all volumes are")
_pool.add_argument("-p", "--pool", action="append", metavar="VOLUME=POOL", help="where a volume is")


def main(args=None, app=None):
    """There is a copy; the program ends with 1 if not."""
    args = parser.parse_args(args, app=app)
    pools = {}
    for word in args.pool or ():
        try:
            volume, pool = word.split("=")
        except ValueError:
            parser.error("Pool argument must be of form: -p volume_name=pool_name")
        pools[volume] = pool
    try:
        args.app.clone_vm(
            args.domains[0],
            args.new_name,
            new_cls=args.cls,
            pool=args.one_pool or None,
            pools=pools,
            ignore_errors=args.ignore_errors,
        )
    except exc.QubesException as error:
        parser.error_runtime(error)


if __name__ == "__main__":
    sys.exit(main())
