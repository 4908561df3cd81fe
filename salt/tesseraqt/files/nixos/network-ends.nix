# SPDX-License-Identifier: MIT
# The two ends of the link of each of these containers: the names of its interfaces, and their
# addresses, out of those that RFC 6598 has for what is behind an address of others. They depend on
# the name of the container; only of two that come to the same number, one has the next.
{ lib }:
let
  many = 32768;
  digits = name: lib.substring 0 8 (builtins.hashString "sha256" name);
  wish = name: lib.mod (builtins.fromTOML "number = 0x${digits name}").number many;
  free = taken: number: if lib.elem number taken then free taken (lib.mod (number + 1) many) else number;
  numbered = taken: name: taken // { ${name} = free (lib.attrValues taken) (wish name); };

  ends = _: number:
    let
      at = low: "100.127.${toString (number / 128)}.${toString (2 * lib.mod number 128 + low)}";
    in
    {
      outside = "tq-${toString number}";
      inside = "tqc-${toString number}";
      gateway = at 0;
      address = at 1;
    };
in
names: lib.mapAttrs ends (lib.foldl' numbered { } names)
