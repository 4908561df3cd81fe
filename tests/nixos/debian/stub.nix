# SPDX-License-Identifier: MIT
# What stands for a package whose programs are not needed: an empty directory with its name. It
# can be overridden and asked for plugins as the real ones can, and stays what it is.
{ lib, builders }:
let
  outputs = [ "bin" "dev" "lib" "man" "doc" "out" ];
  empty = name: builders.runCommand name { } "mkdir -p $out/bin $out/lib $out/share $out/etc";

  with' = extra: name: built:
    let
      same = _: result;
      result = built // {
        meta = { available = true; mainProgram = name; description = name; } // (extra.meta or { });
        override = same;
        overrideAttrs = same;
        withPackages = same;
        withPlugins = same;
        extend = same;
        passthru = { };
      } // lib.genAttrs outputs (_: result) // removeAttrs extra [ "meta" ];
    in
    result;
in
{
  # A package that builds, with what `override` and the like are asked for, and `extra`.
  wrapped = with';
  # The stand-in for one name; `inner` are names in it that NixOS knows.
  named = name: inner:
    with' (lib.genAttrs (lib.subtractLists outputs inner) (one: with' { } one (empty one)) // { version = "0"; }) name (empty name);
  plain = extra: name: with' extra name (empty name);
}
