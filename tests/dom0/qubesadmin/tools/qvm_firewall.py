# SPDX-License-Identifier: MIT
"""qvm-firewall: firewall rules of a qube."""

import argparse
import sys
import time

from qubesadmin import exc, firewall, tools

_POSITIONS = ("action", "dsthost", "proto", "dstports", "icmptype")


class RuleAction(argparse.Action):
    """A rule by position, by name, or both."""

    def __call__(self, _parser, namespace, values, option_string=None):
        rule = firewall.Rule(None, **_elements(values)) if values else None
        setattr(namespace, self.dest, rule)


def _elements(words):
    left = list(_POSITIONS)
    found = {}
    for word in words:
        key, value = _element(word, left)
        found[key] = value
        if key in left:
            left.remove(key)
        if key == "proto":
            other = {"tcp": "icmptype", "udp": "icmptype", "icmp": "dstports"}.get(value)
            left = [name for name in left if name != other]
    return found


def _element(word, left):
    key, *value = word.split("=")
    if word.endswith("=") or len(value) > 1:
        raise argparse.ArgumentError(None, f"invalid rule description: {word}")
    if not value:
        return left[0], word
    key = "dsthost" if key in ("dst4", "dst6") else key
    if key not in (*_POSITIONS, "specialtarget", "comment", "expire"):
        raise argparse.ArgumentError(None, f"Invalid rule element: {word}")
    if key == "expire" and value[0].startswith("+"):
        return key, str(int(time.time()) + int(value[0][1:]))
    return key, value[0]


parser = tools.QubesArgumentParser(vmname_nargs=1)
_commands = parser.add_subparsers(dest="command", help="action to perform")
_add = _commands.add_parser("add", help="add a rule")
_add.add_argument("--before", type=int, default=None, help="before the rule of that number")
_add.add_argument("rule", metavar="match", nargs="+", action=RuleAction, help="the rule")
_del = _commands.add_parser("del", help="remove a rule")
_del.add_argument("--rule-no", dest="rule_no", type=int, help="its number")
_del.add_argument("rule", metavar="match", nargs="*", action=RuleAction, help="the rule")
_commands.add_parser("list", help="list the rules")
_commands.add_parser("reset", help="accept everything")
parser.add_argument("--reload", "-r", action="store_true", help="apply the rules once more")
parser.add_argument("--raw", action="store_true", help="list the rules as they are")


def rules_list_table(vm):
    """The rules are shown as a table."""
    names = "NO ACTION HOST PROTOCOL PORT(S) SPECIAL TARGET ICMP TYPE EXPIRE COMMENT"
    header = names.replace("SPECIAL TARGET", "SPECIAL_TARGET").replace("ICMP TYPE", "ICMP_TYPE")
    rows = [[word.replace("_", " ") for word in header.split()]]
    for number, rule in enumerate(vm.firewall.rules):
        elements = (
            rule.action,
            rule.dsthost,
            rule.proto,
            rule.dstports,
            rule.specialtarget,
            rule.icmptype,
            rule.expire,
            rule.comment,
        )
        rows.append([str(number), *("-" if e is None else e.pretty_value for e in elements)])
    tools.print_table(rows)


def rules_list_raw(vm):
    """The rules are shown as the Admin API has them."""
    for rule in vm.firewall.rules:
        sys.stdout.write(f"{rule.rule}\n")


def _list(vm, args):
    (rules_list_raw if args.raw else rules_list_table)(vm)
    if args.reload:
        vm.firewall.reload()


def _insert(vm, args):
    rules = vm.firewall.rules
    rules.insert(len(rules) if args.before is None else args.before, args.rule)
    vm.firewall.save_rules()


def _remove(vm, args):
    if args.rule_no is None:
        vm.firewall.rules.remove(args.rule)
    else:
        vm.firewall.rules.pop(args.rule_no)
    vm.firewall.save_rules()


def _reset(vm, _args):
    vm.firewall.rules[:] = [firewall.Rule("action=accept")]
    vm.firewall.save_rules()


def main(args=None, app=None):
    """What was asked for is done; 1 if it is refused."""
    try:
        args = parser.parse_args(args, app=app)
        act = {"add": _insert, "del": _remove, "reset": _reset}.get(args.command, _list)
        act(args.domains[0], args)
    except exc.QubesException as error:
        parser.print_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
