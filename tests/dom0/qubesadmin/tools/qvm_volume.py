# SPDX-License-Identifier: MIT
"""qvm-volume: volumes of qubes."""

import sys

from qubesadmin import exc, tools, utils

_FACTS = (
    "pool",
    "vid",
    "rw",
    "source",
    "save_on_stop",
    "snap_on_start",
    "size",
    "usage",
    "revisions_to_keep",
    "ephemeral",
)


def info_volume(args):
    """One fact or all are shown."""
    volume = args.volume
    if args.property == "revisions":
        print("".join(f"{revision}\n" for revision in volume.revisions), end="")
    elif args.property == "is_outdated":
        print(volume.is_outdated())
    elif args.property in _FACTS:
        print(_fact(volume, args.property))
    elif args.property:
        raise exc.StoragePoolException(f"No such property: {args.property}")
    else:
        _show(volume)


def _fact(volume, name):
    value = getattr(volume, name)
    return "" if value is None else value


def _show(volume):
    facts = {name: str(_fact(volume, name)) for name in _FACTS}
    if facts["revisions_to_keep"] == "-1":
        facts["revisions_to_keep"] = "-1 (snapshot disabled)"
    facts["is_outdated"] = str(volume.is_outdated())
    tools.print_table(facts.items())
    revisions = volume.revisions
    print("List of available revisions (for revert):" + ("" if revisions else " none"))
    for revision in revisions:
        print(f"  {revision}")


def config_volume(args):
    """A setting is changed."""
    if args.property not in ("rw", "revisions_to_keep", "ephemeral"):
        raise exc.QubesNoSuchPropertyError(f"Invalid property: {args.property}")
    setattr(args.volume, args.property, args.value)


def resize_volume(args):
    """The volume has the size."""
    args.volume.resize(utils.parse_size(args.size), allow_shrink=args.force)


def revert_volume(args):
    """The volume is as it was."""
    revision = args.revision
    if not revision:
        if not args.volume.revisions:
            raise exc.StoragePoolException("No snapshots available")
        revision = args.volume.revisions[-1]
    args.volume.revert(revision)


def import_volume(args):
    """The volume holds what the file holds."""
    with open(args.input_path, "rb") as file:
        args.volume.import_data(stream=file)


def clone_volume(args):
    """One volume holds what the other holds."""
    if not args.src_volume.save_on_stop or not args.dst_volume.save_on_stop:
        raise exc.StoragePoolException("Volumes must be save_on_stop for cloning")
    if args.force or _sure("Clone cancelled."):
        args.dst_volume.clone(args.src_volume)


def clear_volume(args):
    """The volume is empty."""
    if args.force or _sure("Clear cancelled."):
        args.volume.clear_data()


def _sure(otherwise):
    if input("Are you sure? [y/N] ").lower() == "y":
        return True
    print(otherwise)
    return False


class _Known:
    """A volume in the list, and the qubes that have it."""

    def __init__(self, volume):
        self.name = f"{volume.pool}:{volume.vid}"
        self.possible = "Yes" if volume.revisions else "No"
        self.qubes = []

    def rows(self, full):
        *others, last = self.qubes
        yield (self.name, *last, self.possible)
        for other in others:
            yield (self.name if full else "", *other, self.possible)


def list_volumes(args):
    """All volumes are shown, or those of some qubes or pools."""
    domains = list(getattr(args, "domains", None) or args.app.domains)
    volumes = [volume for vm in domains for volume in vm.volumes.values()]
    if getattr(args, "pools", None):
        volumes = [volume for volume in volumes if volume.pool in args.pools]
    known = {}
    for volume in volumes:
        entry = _Known(volume)
        try:
            known[volume.pool][volume.vid] = entry
        except KeyError:
            known[volume.pool] = {volume.vid: entry}
    for vm in domains:
        for name, volume in vm.volumes.items():
            entry = known.get(volume.pool, {}).get(volume.vid)
            if entry:
                entry.qubes.append((vm.name, name))
    full = getattr(args, "full", False) or not sys.stdout.isatty()
    entries = [entry for pool in known.values() for entry in pool.values()]
    shown = sorted(entries, key=lambda entry: entry.name)
    rows = [row for entry in shown for row in entry.rows(full)]
    tools.print_table([("POOL:VOLUME", "VMNAME", "VOLUME_NAME", "REVERT_POSSIBLE"), *rows])


def _add_list(commands):
    command = commands.add_parser("list", aliases=("ls", "l"))
    command.add_argument(
        "-p", "--pool", metavar="POOL_NAME", dest="pools", action=tools.PoolsAction
    )
    command.add_argument("--full", action="store_true")
    command._mutually_exclusive_groups.append(tools.VmNameGroup(command, required=False))
    command.set_defaults(func=list_volumes)


def _add_volume_commands(commands):
    for name, aliases, act in (
        ("info", ("i",), info_volume),
        ("config", ("c", "set", "s"), config_volume),
        ("resize", ("extend",), resize_volume),
        ("revert", ("rv", "r"), revert_volume),
        ("import", (), import_volume),
        ("clear", (), clear_volume),
    ):
        command = commands.add_parser(name, aliases=aliases)
        command.add_argument(metavar="VM:VOLUME", dest="volume", action=tools.VMVolumeAction)
        command.set_defaults(func=act)
        yield command


def get_parser():
    """The options of qvm-volume."""
    parser = tools.QubesArgumentParser(description=__doc__)
    commands = parser.add_subparsers(title="commands", dest="command")
    info, config, resize, revert, import_, clear = _add_volume_commands(commands)
    info.add_argument("property", nargs="?")
    config.add_argument("property")
    config.add_argument("value")
    resize.add_argument("size")
    revert.add_argument("revision", metavar="REVISION", nargs="?")
    import_.add_argument("input_path", metavar="PATH")
    import_.add_argument("--size", type=int)
    import_.add_argument("--no-resize", action="store_true")
    _add_list(commands)
    clone = commands.add_parser("clone")
    for end in ("src", "dst"):
        name = {"src": "SOURCE", "dst": "DESTINATION"}[end]
        clone.add_argument(
            metavar=f"{name}_VM:{name}_VOLUME", dest=f"{end}_volume", action=tools.VMVolumeAction
        )
    clone.set_defaults(func=clone_volume)
    for command in (resize, clone, clear):
        command.add_argument("--force", "-f", action="store_true")
    parser.set_defaults(func=list_volumes)
    return parser


def main(args=None, app=None):
    """What was asked for is done; 1 if it is refused."""
    parser = get_parser()
    try:
        args = parser.parse_args(args, app=app)
        args.func(args)
    except exc.QubesException as error:
        parser.print_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
