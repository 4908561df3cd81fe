# SPDX-License-Identifier: MIT
"""The names of packages that the modules of a NixOS know: each gets something to stand for it.

Nix has no set that answers to every name. What NixOS says is found in its text: a name too many
does no harm, and one that is missed is told by nix.
"""

import re
from collections import defaultdict

NAME = r"[A-Za-z_][\w'-]*"
#: pkgs.NAME, and pkgs.SET.NAME
SAID = re.compile(
    rf"(?<![\w.-])(?:pkgs|pkgs\.buildPackages|self|super|final|prev)\.({NAME})(?:\.({NAME}))?"
)
OPTION = re.compile(r"PackageOption\w*\s+\(?pkgs(?:\.[\w-]+)?\)?\s+(?:\"([\w'-]+)\"|\[([^\]]*)\])")
INHERITED = re.compile(rf"inherit\s*\(pkgs(?:\.({NAME}))?\)([^;]*);")
LISTED = re.compile(rf"with\s+pkgs(?:\.({NAME}))?\s*;\s*(?:\[([^\]]*)\]|\(?\s*({NAME}))")
#: What is asked of a package, and no package itself.
ASKED = {
    *("all", "bin", "debug", "dev", "doc", "fd", "info", "lib", "man", "meta", "out", "static"),
    *("name", "outPath", "passthru", "pkgs", "pname", "src", "terminfo", "version"),
    *("buildEnv", "extend", "override", "overrideAttrs"),
    *("withExtensions", "withPackages", "withPlugins"),
}
COMMENT = re.compile(r"#.*")
#: Units of systemd that NixOS takes from it.
UNIT = re.compile(r'"([\w@.-]+\.(?:service|socket|target|mount|automount|path|slice|timer))"')


def packages(text):
    """Pairs of a package or set, and of what is in it or nothing."""
    text = COMMENT.sub("", text)
    yield from SAID.findall(text)
    for name, path in OPTION.findall(text):
        names = [name] if name else re.findall(r'"([^"]+)"', path)
        yield from [(names[0], "".join(names[1:2]))] if names else ()
    for within, names in INHERITED.findall(text):
        for name in re.findall(NAME, names):
            yield (within, name) if within else (name, "")
    for within, names, alone in LISTED.findall(text):
        for name, inner in re.findall(rf"(?<![\w.\"-])({NAME})(?:\.({NAME}))?", names or alone):
            yield (within, name) if within else (name, inner)


def of_tree(nixos):
    """What the modules below a directory say: ``packages``, names by set, and ``units``."""
    found, units = defaultdict(set), set()
    for path in sorted((nixos / "modules").rglob("*.nix")):
        text = path.read_text(errors="replace")
        for name, inner in packages(text):
            found[name].update({inner} - ASKED - {""})
        if path.is_relative_to(nixos / "modules" / "system" / "boot"):
            units.update(UNIT.findall(text))
    return {
        "packages": {name: sorted(found[name]) for name in sorted(found)},
        "units": sorted(units),
    }
