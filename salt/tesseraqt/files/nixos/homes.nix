# SPDX-License-Identifier: MIT
# Whose a path below a home is, for rules of systemd-tmpfiles: without one, what lies above the path
# would be made by root, and its user could not use it.
# `people` are the users with a home of their own.
{ lib, people }:
let
  inherit (lib) filter findFirst hasPrefix;

  # The innermost, where homes lie in each other.
  deepest = lib.sort (one: other: lib.stringLength one.home > lib.stringLength other.home) people;
  owner = path: findFirst (user: hasPrefix "${user.home}/" path) null deepest;
in
{
  # The user in whose home a path is; null if it is in none.
  inherit owner;

  # Rules for the directories between a home and a path in it; no others are touched.
  above = path:
    let
      user = owner path;
      parts = filter (part: part != "") (lib.splitString "/" (lib.removePrefix user.home path));
      upTo = count: "${user.home}/${lib.concatStringsSep "/" (lib.take count parts)}";
      directories = map upTo (lib.range 1 (lib.length parts - 1));
    in
    # The mode is that of a new one: who has one there keeps it as it is.
    lib.optionals (user != null) (map (directory: "d ${directory} :0700 ${user.name} ${user.group} - -") directories);
}
