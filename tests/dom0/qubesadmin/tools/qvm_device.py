# SPDX-License-Identifier: MIT
"""qvm-device, qvm-pci, …: devices of qubes."""

import os
import sys

import qubesadmin
from qubesadmin import exc, tools
from qubesadmin.device_protocol import UnknownDevice, VirtualDevice
from qubesadmin.tools import device_actions


class DeviceAction(tools.QubesAction):
    """``BACKEND:PORT`` or ``BACKEND:PORT:IDENTITY``."""

    def __init__(self, option_strings, dest, allow_unknown=False, only_port=False, **kwargs):
        super().__init__(option_strings, dest, **kwargs)
        self.allow_unknown = allow_unknown
        self.only_port = only_port

    def parse_qubes_app(self, parser, namespace):
        text, devclass = getattr(namespace, self.dest), namespace.devclass
        if text is None:
            return
        try:
            device = VirtualDevice.from_str(text, devclass, namespace.app.domains)
        except KeyError:
            parser.error_runtime("no such backend vm!")
        except ValueError:
            parser.error(
                "expected a backend vm, port id and [optional] device id "
                f"combination like foo:bar[:baz] got {text}"
            )
        setattr(namespace, self.dest, self._known(parser, device))

    def _known(self, parser, device):
        """The device as its backend knows it."""
        known = device.backend_domain.devices[device.devclass][device.port_id]
        if device.is_device_id_set and device.device_id != known.device_id:
            if self.only_port:
                parser.error_runtime(
                    "this option works only for explicitly given port ID "
                    "and does not support device ID"
                )
            known = UnknownDevice.from_device(device)
        if isinstance(known, UnknownDevice) and not self.allow_unknown:
            parser.error_runtime(device_actions.not_exposed(device))
        return known


_COMMANDS = (
    ("attach", ("at", "a"), device_actions.attach_device, {"allow_unknown": False}),
    ("detach", ("d", "dt"), device_actions.detach_device, {"nargs": "?", "allow_unknown": True}),
    ("assign", ("s",), device_actions.assign_device, {"allow_unknown": True}),
    ("unassign", ("u",), device_actions.unassign_device, {"nargs": "?", "allow_unknown": True}),
    ("info", ("i",), device_actions.info_device, {"nargs": "?", "only_port": True}),
)


def get_parser(device_class=None):
    """The options of qvm-device, or of the tool for that class of devices."""
    parser = tools.QubesArgumentParser(description=__doc__)
    parser.allow_abbrev = False
    if device_class:
        parser.add_argument("devclass", const=device_class, action="store_const")
    else:
        parser.add_argument("devclass", metavar="DEVICE_CLASS", help="pci, block, …")
    parser.set_defaults(func=device_actions.list_devices)
    commands = parser.add_subparsers(title="commands", dest="command")
    _add_list(commands)
    known = {name: _add(commands, name, *rest) for name, *rest in _COMMANDS}
    for name in ("attach", "assign"):
        known[name].add_argument("--option", "-o", action="append")
        known[name].add_argument("--ro", action="store_true", default=False)
    known["attach"].add_argument(
        "--persistent", "-p", dest="required", action="store_true", default=False
    )
    _add_choices(known["assign"], ("--ask", "--ask-to-attach"), ("--required", "-r"))
    for name in ("assign", "unassign"):
        _add_choices(known[name], ("--only-port", "--port"), ("--only-device", "--device"))
    parser.add_argument("--list-device-classes", action="store_true", default=False)
    return parser


def _add_list(commands):
    command = commands.add_parser("list", aliases=("ls", "l"))
    command.add_argument("--assignments", "-s", action="store_true", default=False)
    command.add_argument("--with-sbdf", "--resolve-paths", action="store_true")
    command._mutually_exclusive_groups.append(tools.VmNameGroup(command, required=False))
    command.set_defaults(func=device_actions.list_devices)


def _add(commands, name, aliases, act, device):
    command = commands.add_parser(name, aliases=aliases)
    if name != "info":
        command.add_argument("VMNAME", nargs=1, action=tools.VmNameAction)
    metavar = "BACKEND:DEVICE_ID"
    command.add_argument(metavar=metavar, dest="device", action=DeviceAction, **device)
    command.set_defaults(func=act)
    return command


def _add_choices(command, *choices):
    group = command.add_mutually_exclusive_group()
    for flags in choices:
        group.add_argument(*flags, action="store_true", default=False)


def main(args=None, app=None):
    """What was asked for is done; 1 if it is refused."""
    app = app or qubesadmin.Qubes()
    app.cache_enabled = True
    program = os.path.basename(sys.argv[0])
    is_for_one = program.startswith("qvm-") and program != "qvm-device"
    words = {*sys.argv[1:], *(f"--{word}" for word in args or ())}
    if words & {"--list-device-classes", "--list-classes"}:
        print("\n".join(app.list_deviceclass()))
        return 0
    parser = get_parser(program.removeprefix("qvm-") if is_for_one else None)
    args = parser.parse_args(args, app=app)
    try:
        args.func(args)
    except exc.QubesException as error:
        parser.print_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
