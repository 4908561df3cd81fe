# SPDX-License-Identifier: MIT
# From the attribute path of a package to the package; a path that leads nowhere is told
# with who names it and the names that are nearest.
{ lib, pkgs, place }:
let
  inherit (lib) concatStringsSep take;

  refuse = path: why: throw "${place}.packages: ${path}: ${why}";

  # Who exists under a missing name is decided by a few comparisons, not by evaluating anything.
  near = wrong: set:
    let
      alike = found: lib.strings.levenshteinAtMost 2 wrong found || lib.hasPrefix wrong found;
      names = take 3 (lib.filter alike (lib.attrNames set));
    in
    if names == [ ] then "" else "; did you mean ${concatStringsSep " or " names}?";

  step = path: at: rest: set:
    let
      key = lib.head rest;
      where = if at == [ ] then "nixpkgs ${lib.version}" else concatStringsSep "." at;
    in
    if rest == [ ] then
      set
    else if !lib.isAttrs set || (at != [ ] && lib.isDerivation set) then
      refuse path "${where} is no set of packages"
    else if set ? ${key} then
      step path (at ++ [ key ]) (lib.tail rest) set.${key}
    else
      refuse path "${where} has no ${key}${near key set}";
in
path:
let
  found = step path [ ] (lib.splitString "." path) pkgs;
in
if lib.isDerivation found then found else refuse path "is no package, but a set of them"
