# SPDX-License-Identifier: MIT
"""qubes-policy-lint: syntax errors in qrexec policy (qrexec/policy/parser.py)."""

import argparse
import string
import sys

_NAME = set(string.ascii_letters + string.digits + "+-._")
_PREFIXES = ("@type:", "@tag:", "@dispvm:", "@dispvm:@tag:")
_TOKENS = {
    "source": ({"*", "@adminvm", "@anyvm"}, set(_PREFIXES)),
    "target": ({"*", "@adminvm", "@anyvm", "@default", "@dispvm"}, set(_PREFIXES)),
    "redirect": ({"@adminvm", "@dispvm"}, {"@dispvm:"}),
}
_PARAMETERS = {
    "allow": {"target", "user", "notify", "autostart"},
    "ask": {"target", "default_target", "user", "notify", "autostart"},
    "deny": {"notify"},
}
_DIRECTIVES = {"!include": 1, "!include-dir": 1, "!include-service": 3, "!compat-4.0": 0}


class PolicyError(Exception):
    """A line that the policy parser would not take."""


def _name(kind: str, text: str, allowed: set[str]) -> None:
    wrong = tuple(sorted(set(text) - allowed))
    if wrong:
        raise PolicyError(f"{kind} {text!r} contains invalid characters: {wrong!r}")


def _service(service: str, argument: str) -> None:
    if service != "*":
        _name("service", service, _NAME - {"+"})
    if argument == "*":
        return
    _name("argument", argument, _NAME)
    if not argument.startswith("+"):
        raise PolicyError(f"argument {argument!r} does not start with +")
    if service == "*":
        raise PolicyError("only * argument allowed for * service")


def _token(kind: str, token: str) -> None:
    """The token may stand there: a name, a keyword or a keyword with a value."""
    exact, prefixes = _TOKENS[kind]
    if not token:
        raise PolicyError(f"invalid empty {kind} token")
    if token in exact or not token.startswith(("@", "*")) or (token[0] == "*" and token != "*"):
        return
    for prefix in _PREFIXES:
        if prefix in prefixes and token.startswith(prefix):
            value = token.removeprefix(prefix)
            if not value:
                raise PolicyError(f"invalid empty {prefix} token: {token!r}")
            if not value.startswith("@"):
                return
    raise PolicyError(f"invalid {kind} token: {token!r}")


def _parameters(action: str, words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise PolicyError(f"invalid action parameter syntax: {word!r}")
        if key in found:
            raise PolicyError(f"parameter given twice: {key!r}")
        found[key] = value
    for key in ("notify", "autostart"):
        if found.get(key, "yes") not in ("yes", "no"):
            raise PolicyError(f"{key!r} is {found[key]!r}, but can be only 'yes' or 'no'")
    if set(found) - _PARAMETERS[action]:
        raise PolicyError(f"invalid parameters for action {action.capitalize()}: {words}")
    return found


def _rule(service: str, argument: str, source: str, target: str, words: list[str]) -> None:
    _service(service, argument)
    _token("source", source)
    _token("target", target)
    action, *rest = words
    if action not in _PARAMETERS:
        raise PolicyError(f"invalid action: {action}")
    parameters = _parameters(action, rest)
    for key in ("target", "default_target"):
        if key in parameters:
            _token("redirect", parameters[key])
    if action == "allow" and target == "@default" and "target" not in parameters:
        raise PolicyError("allow action for @default rule must specify target= option")


def check(line: str) -> None:
    """The line of a policy file is right, or PolicyError says why not."""
    directive, *words = line.split()
    if line.startswith("!"):
        if directive not in _DIRECTIVES:
            raise PolicyError("invalid directive")
        if len(words) != _DIRECTIVES[directive]:
            raise PolicyError("invalid number of params")
        if directive == "!include-service":
            _service(words[0], words[1])
    elif len(words) < 4:
        raise PolicyError("wrong number of fields")
    else:
        argument, source, target, *rest = words
        _rule(directive, argument, source, target, rest)


def check_included(line: str) -> None:
    """The same for a file that is named by ``!include-service``: source, target, action."""
    if line.startswith("$include:"):
        raise PolicyError(f"no such policy file: {line.removeprefix('$include:').strip()!r}")
    line = line.replace("$", "@").replace(",", " ")
    source, *words = line.split()
    if line.startswith("!"):
        if source != "!include":
            raise PolicyError("invalid directive")
        if len(words) != 1:
            raise PolicyError("invalid number of params")
    elif len(words) < 2:
        raise PolicyError("wrong number of fields")
    else:
        _rule("*", "*", source, words[0], words[1:])


def _lines(path: str) -> list[str]:
    if path == "-":
        return sys.stdin.readlines()
    try:
        with open(path, encoding="utf-8") as file:
            return file.readlines()
    except FileNotFoundError:
        print(f"{path}:0: error: File does not exist.")
        raise


def lint(path: str, show: bool, included: bool) -> list[str]:
    """One message for each wrong line of the file."""
    found = []
    for number, text in enumerate(_lines(path), start=1):
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        try:
            (check_included if included else check)(line)
        except PolicyError as error:
            found.append(f"{path}:{number}: error: {error}" + (f": {line}" if show else ""))
    return found


def main() -> int:
    """1 if a file has an error; the others are not looked at then."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--show-line", action="store_true")
    parser.add_argument("-i", "--include-service", action="store_true")
    parser.add_argument("file", metavar="FILE", nargs="+")
    args = parser.parse_args()
    for path in args.file:
        messages = lint(path, args.show_line, args.include_service)
        if messages:
            print("\n".join(messages))
            return 1
    return 0
