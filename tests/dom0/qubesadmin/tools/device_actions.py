# SPDX-License-Identifier: MIT
"""What qvm-device does to devices, once it knows which."""

from qubesadmin import exc, tools
from qubesadmin.device_protocol import (
    DeviceAssignment,
    DeviceInterface,
    Port,
    ProtocolError,
    UnknownDevice,
)


def not_exposed(device):
    """Why a device cannot be given."""
    return (
        f"backend vm {device.backend_name} doesn't expose "
        f"{device.devclass} device {device.port_id!r}"
    )


class _Line:
    """A device in a list, and who has it."""

    def __init__(self, device, assignment):
        self.device = device
        self.mark = "*" if assignment else ""
        self.frontends = []

    def row(self, with_sbdf):
        facts = getattr(self.device, "data", {})
        users = ", ".join(self.mark + user for user in self.frontends)
        name = f"{self.device.backend_domain}:{self.device.port_id}"
        sbdf = [str(facts.get("sbdf"))] if with_sbdf else []
        return (name, *sbdf, self.device.description, users)


def list_devices(args):
    """Devices are shown, and who has them or was given them."""
    with_sbdf = getattr(args, "with_sbdf", False) and args.devclass == "pci"
    lines = _lines(args.app, getattr(args, "domains", None), args.devclass, actual=True)
    if getattr(args, "assignments", False):
        lines += _lines(args.app, [], args.devclass, actual=False)
    tools.print_table(sorted(line.row(with_sbdf) for line in lines))


def _lines(app, domains, devclass, actual):
    lines = [_Line(device, not actual) for device in _devices(app, domains, devclass, actual)]
    for line in lines:
        for vm in app.domains:
            if vm != line.device.backend_domain:
                line.frontends += _frontends(vm, line.device, devclass, actual)
    return lines


def _devices(app, domains, devclass, actual):
    found = set()
    try:
        for vm in domains or app.domains:
            devices = vm.devices[devclass]
            if actual:
                found.update(assignment.device for assignment in devices.get_attached_devices())
                found.update(devices.get_exposed_devices())
            else:
                found.update(known.virtual_device for known in devices.get_assigned_devices())
    except exc.QubesDaemonAccessError:
        raise exc.QubesException(
            "Failed to list '%s' devices, this device type either "
            "does not exist or you do not have access to it.",
            devclass,
        ) from None
    return found


def _frontends(vm, device, devclass, actual):
    devices = vm.devices[devclass]
    if actual:
        return [
            _described(vm, assignment, "attached")
            for assignment in devices.get_attached_devices()
            if device in assignment.devices
        ]
    return [
        _described(vm, assignment, assignment.mode.value)
        for assignment in devices.get_assigned_devices()
        if assignment.matches(device)
    ]


def _described(vm, assignment, mode):
    options = ", ".join(f"{key}={value}" for key, value in assignment.options.items())
    return f"{vm} ({mode}: {options})" if options else f"{vm} ({mode})"


def _options(args):
    options = dict(option.split("=", 1) for option in args.option or [])
    if args.ro:
        options["read-only"] = "yes"
    if "ro" in options:
        value = options.pop("ro").lower()
        if value not in ("1", "true", "yes", "0", "false", "no"):
            raise ValueError(f"Unknown `read-only` option value: {value}")
        options["read-only"] = "yes" if value in ("1", "true", "yes") else "no"
    return options


def attach_device(args):
    """The running qube has the device."""
    devices = args.domains[0].devices[args.devclass]
    mode = "required" if args.required else "manual"
    assignment = DeviceAssignment(args.device, mode=mode, options=_options(args))
    try:
        _check_known(assignment)
        devices.attach(assignment)
    except exc.QubesException:
        if not args.required:
            raise
    if args.required:
        devices.assign(assignment)


def _check_known(assignment):
    try:
        device = assignment.device
    except ProtocolError as error:
        raise exc.QubesException(str(error)) from error
    if isinstance(device, UnknownDevice):
        raise exc.QubesException(
            f"Unknown device, skipping attachment of device from the port {assignment}"
        )
    if not assignment.matches(device):
        raise exc.QubesException(
            f"Unrecognized identity, skipping attachment of device from the port {assignment}"
        )


def detach_device(args):
    """The running qube does not have the device any more, or any of the class."""
    devices = args.domains[0].devices[args.devclass]
    if not args.device:
        for assignment in devices.get_attached_devices():
            devices.detach(assignment)
        return
    assignment = DeviceAssignment(args.device)
    try:
        device = assignment.device
    except ProtocolError as error:
        raise exc.QubesException(str(error)) from error
    if not assignment.matches(device):
        raise exc.QubesException(f"{args.device} is not attached.")
    if isinstance(device, UnknownDevice):
        raise exc.QubesException(f"{args.device} not found.")
    devices.detach(assignment)


def _narrowed(args):
    """The device without its identity, or without its port, if asked for."""
    device = args.device
    if args.only_port:
        device = device.clone(device_id="*")
    if args.only_device:
        device = device.clone(port=Port(device.backend_domain, "*", device.devclass))
    return device


def assign_device(args):
    """The device is the qube's."""
    vm = args.domains[0]
    unknown = UnknownDevice(args.device.port).device_id
    if not args.only_port and args.device.device_id == unknown:
        raise exc.QubesException(not_exposed(args.device))
    mode = "ask-to-attach" if args.ask else "required" if args.required else "auto-attach"
    options = _options(args)
    vm.devices[args.devclass].assign(DeviceAssignment(_narrowed(args), mode=mode, options=options))
    if _is_denied(args.device, vm) and not args.quiet:
        print(
            "Warning: The assigned device is on the denied list."
            "\n           Auto-attach will work, but make sure that the assignment is correct."
        )
    if vm.is_running() and not args.quiet and args.devclass != "pci":
        now = DeviceAssignment(args.device, vm, options, mode)
        _hint(now, vm, options)


def _is_denied(device, vm):
    try:
        denied = DeviceInterface.from_str_bulk(vm.devices_denied)
    except (exc.QubesValueError, exc.QubesPropertyAccessError, AttributeError):
        return False
    return any(pattern.matches(mine) for pattern in denied for mine in device.interfaces)


def _hint(assignment, vm, options):
    attached = list(vm.devices[assignment.devclass].get_attached_devices())
    flags = "".join(f" -o {key}={value}" for key, value in options.items())
    ports = [
        f"\tqvm-{assignment.devclass} attach{flags} {vm} "
        f"{assignment.backend_domain}:{device.port_id}"
        for device in assignment.devices
        if device not in attached and not isinstance(device, UnknownDevice)
    ]
    if ports:
        print("Assigned. To attach you can now restart domain or run: \n" + "\n".join(ports))


def unassign_device(args):
    """The device is not the qube's any more, or none of the class."""
    vm = args.domains[0]
    if args.device:
        _unassign(DeviceAssignment(_narrowed(args), frontend_domain=vm), vm, args)
        return
    for assignment in vm.devices[args.devclass].get_assigned_devices():
        _unassign(assignment, vm, args)


def _unassign(assignment, vm, args):
    devices = vm.devices[args.devclass]
    devices.unassign(assignment)
    attached = devices.get_attached_devices()
    ports = [
        f"\tqvm-{args.devclass} detach {vm} {assignment.backend_domain}:{device.port_id}"
        for device in assignment.devices
        if device in attached
    ]
    if ports and not args.quiet:
        print("Unassigned. To detach you can now restart domain or run: \n", "\n".join(ports))


def info_device(args):
    """Everything about the device is shown."""
    if args.device:
        print(args.device.description)
        print(f"device ID: {args.device.device_id}")
        for key, value in args.device.data.items():
            print(key.replace("_", " ") + ":", value)
