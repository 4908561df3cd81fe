# SPDX-License-Identifier: MIT
"""qvm-tags: tags of a qube."""

import sys

from qubesadmin import exc, tools


def mode_query(args):
    """All tags are shown, or 1 says that the one is missing."""
    tags = args.domains[0].tags
    wanted = getattr(args, "tag", None)
    if wanted is None:
        found = sorted(tags)
    elif wanted in tags:
        found = [wanted]
    else:
        return 1
    if found:
        print("\n".join(found))
    return 0


def mode_add(args):
    """The qube has the tags."""
    args.domains[0].tags.update(args.tag)
    return 0


def mode_del(args):
    """The qube does not have the tag."""
    for tag in args.tag:
        args.domains[0].tags.discard(tag)
    return 0


def get_parser():
    """The options of qvm-tags."""
    parser = tools.QubesArgumentParser(vmname_nargs=1, description=__doc__)
    commands = parser.add_subparsers(title="commands", dest="command")
    for name, aliases, nargs, mode in (
        ("list", ("ls", "l"), "?", mode_query),
        ("add", ("a", "set"), "+", mode_add),
        ("del", ("d", "unset", "u"), 1, mode_del),
    ):
        command = commands.add_parser(name, aliases=aliases)
        command.add_argument("tag", nargs=nargs)
        command.set_defaults(func=mode)
    parser.set_defaults(func=mode_query)
    return parser


def main(args=None, app=None):
    """What was asked for is done."""
    parser = get_parser()
    args = parser.parse_args(args, app=app)
    try:
        return args.func(args)
    except exc.QubesException as error:
        return parser.error_runtime(error)


if __name__ == "__main__":
    sys.exit(main())
