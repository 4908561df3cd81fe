# SPDX-License-Identifier: MIT
"""qvm-run: run a command in qubes."""

import argparse
import os
import shlex
import subprocess
import sys

from qubesadmin import exc, tools, utils

parser = tools.QubesArgumentParser(description=__doc__)
parser.add_argument("--user", "-u", metavar="USER", help="as this user")
parser.add_argument(
    "--autostart", "--auto", "-a", action="store_true", default=True, help="ignored"
)
parser.add_argument("--no-autostart", "--no-auto", "-n", action="store_false", dest="autostart")
parser.add_argument("--pass-io", "-p", action="store_true", dest="passio", default=False)
parser.add_argument("--localcmd", metavar="COMMAND")
parser.add_argument("--gui", action="store_true", default=None)
parser.add_argument("--no-gui", "--nogui", action="store_false", dest="gui")
for _stream in ("output", "stderr"):
    parser.add_argument(
        f"--colour-{_stream}", f"--color-{_stream}", metavar="COLOUR", dest=f"color_{_stream}"
    )
for _stream in ("output", "stderr"):
    parser.add_argument(
        f"--no-colour-{_stream}",
        f"--no-color-{_stream}",
        action="store_false",
        dest=f"color_{_stream}",
    )
parser.add_argument("--filter-escape-chars", action="store_true", dest="filter_esc", default=False)
parser.add_argument("--no-filter-escape-chars", action="store_false", dest="filter_esc")
parser.add_argument("--service", action="store_true", help="COMMAND is a qrexec service")
parser.add_argument("--no-shell", action="store_true", help="COMMAND is a program")
_target = parser.add_mutually_exclusive_group()
_target.add_argument("--dispvm", nargs="?", const=True, metavar="DISPOSABLE_TEMPLATE")
parser.add_argument("VMNAME", nargs="?", action=tools.VmNameAction)
_target.add_argument("--all", action="store_true", dest="all_domains")
parser.add_argument("--exclude", action="append", default=[])
parser.add_argument("cmd", metavar="COMMAND", help="what to run")
parser.add_argument("cmd_args", nargs=argparse.REMAINDER, metavar="ARG")


def _check(args):
    if args.dispvm:
        parser.error("new disposables are not simulated")
    if len(args.domains) > 1 and args.passio and not args.localcmd:
        parser.error(
            "--passio cannot be used when more than 1 qube is chosen and no --localcmd is used"
        )
    if args.localcmd and not args.passio:
        parser.error("--localcmd have no effect without --pass-io")
    if args.color_output and not args.filter_esc:
        parser.error("--color-output must be used with --filter-escape-chars")
    if args.service and args.no_shell:
        parser.error("--no-shell does not apply to --service")


def _qubes(args):
    if args.all_domains:
        return [
            vm
            for vm in args.domains
            if vm.is_running() and not vm.features.get("internal") and not vm.is_paused()
        ]
    if len(args.domains) != 1:
        parser.print_usage(sys.stderr)
        sys.exit(2)
    return args.domains


def _is_up(vm, args, verbose):
    """The qube runs, or will be started; else it is said why not."""
    trouble = None
    if not args.autostart and not vm.is_running():
        trouble = "not started"
    elif vm.is_paused():
        trouble = _unpaused(vm, args)
    if trouble and verbose > 0:
        print(f"Qube '{vm.name}' {trouble}", file=sys.stderr)
    return not trouble


def _unpaused(vm, args):
    if not args.autostart:
        return "is paused"
    try:
        vm.unpause()
    except exc.QubesException:
        return "cannot be unpaused"
    return None


def _service(args, vm):
    """The service, the user and what the service reads first."""
    if args.service:
        return args.cmd, args.user, None
    words = [args.cmd, *args.cmd_args]
    has_exec = (args.cmd_args or args.no_shell) and vm.features.check_with_template("vmexec", False)
    command = args.cmd if not args.cmd_args and not args.no_shell else shlex.join(words)
    user, root = args.user, ""
    if user == "root" and (has_exec or command == args.cmd):
        root = vm.features.check_with_template("supported-rpc.qubes.VMRootExec", False)
    prefix, user = ("VMRoot", None) if root else ("VM", user)
    if has_exec:
        return f"qubes.{prefix}Exec+{utils.encode_for_vmexec(words)}", user, None
    return f"qubes.{prefix}Shell", user, vm.prepare_input_for_vmshell(command)


def _run(args, vm):
    service, user, first = _service(args, vm)
    streams = (
        {} if args.passio else dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    )
    if args.passio:
        pipe = subprocess.PIPE if args.localcmd else None
        streams = {"stdin": pipe, "stdout": pipe, "stderr": None}
        if args.filter_esc and not args.localcmd:
            streams["filter_esc"] = True
    if args.service and not args.passio:
        streams["wait"] = False
    if first:
        streams["prefix_data"] = first
    remote = vm.run_service(service, user=user, **streams)
    if not args.localcmd:
        return [remote]
    local = subprocess.Popen(args.localcmd, shell=True, stdout=remote.stdin, stdin=remote.stdout)
    remote.stdin.close()
    remote.stdout.close()
    return [remote, local]


def _has_gui(vm):
    return bool(
        os.environ.get("DISPLAY") is not None
        and getattr(vm, "guivm", None)
        and vm.features.check_with_template("gui", True)
    )


def _wait_for_session(vm):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    session = vm.run_service("qubes.WaitForSession", **quiet)
    session.communicate(vm.default_user.encode())


def main(args=None, app=None):
    """The largest exit code of all commands; 1 if a qube is off, -1 if one cannot be reached."""
    args = parser.parse_args(args, app=app)
    _check(args)
    verbose = args.verbose - args.quiet - args.passio
    code, started = 0, []
    for vm in _qubes(args):
        if not _is_up(vm, args, verbose):
            code = max(code, 1)
            continue
        if verbose > 0:
            print(f"Running '{args.cmd}' on {vm.name}", file=sys.stderr)
        try:
            if _has_gui(vm) if args.gui is None else args.gui:
                _wait_for_session(vm)
            started += [(vm, process) for process in _run(args, vm)]
        except exc.QubesException as error:
            vm.log.error("%s", error)
            return -1
    for vm, process in started:
        ended = process.wait()
        if ended and verbose > 0:
            print(f"{vm.name}: command failed with code: {ended}", file=sys.stderr)
        code = max(code, ended)
    return code


if __name__ == "__main__":
    sys.exit(main())
