# SPDX-License-Identifier: MIT
"""qvm-check: is there such a qube, and what does it do?"""

import sys

from qubesadmin import tools


class _Names(tools.VmNameAction):
    """Names of qubes, and names that no qube has."""

    def parse_qubes_app(self, parser, namespace):
        namespace.invalid_domains = []
        super().parse_qubes_app(parser, namespace)

    @staticmethod
    def _names(_app, given):
        return given

    def add(self, parser, namespace, name):
        try:
            namespace.domains.append(namespace.app.domains[name])
        except KeyError:
            namespace.invalid_domains.append(name)


parser = tools.QubesArgumentParser(description=__doc__)
parser._mutually_exclusive_groups.append(tools.VmNameGroup(parser, required="+", vm_action=_Names))
_CHECKS = {
    "running": lambda vm: vm.is_running(),
    "paused": lambda vm: vm.is_paused(),
    "template": lambda vm: vm.klass == "TemplateVM",
    "networked": lambda vm: vm.is_networked(),
}
for _name in _CHECKS:
    parser.add_argument(f"--{_name}", action="store_true", default=False)


def print_msg(log, domains, status):
    """What is so is said."""
    if not domains:
        log.info("None of qubes: %s", ", ".join(status))
    for vm in sorted(domains):
        log.info("%s: %s", vm.name, ", ".join(status))


def main(args=None, app=None):
    """0 if all are and do so, 3 if some, 1 if none or if one is missing."""
    args = parser.parse_args(args, app=app)
    log = args.app.log
    log.name = "qvm-check"
    status = [name for name in _CHECKS if getattr(args, name)]
    found = {vm for vm in args.domains if all(_CHECKS[name](vm) for name in status)}
    code = 0 if args.domains else int(not status)
    if found != set(args.domains):
        code = 3 if found else 1
    if args.verbose and (status or args.domains):
        print_msg(log, found, status or ["exists"])
    for name in set(args.invalid_domains):
        code = 1
        if args.verbose:
            log.warning("%s: non-existent!", name)
    return code


if __name__ == "__main__":
    sys.exit(main())
