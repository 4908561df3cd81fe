# SPDX-License-Identifier: MIT
# The system of an evaluated root, and what is refused of it that its own assertions do not say:
# a module can override these, or disable the file that makes them, and nothing of this.
root:
let
  inherit (root) config options lib;
  touched = import ./touched.nix {
    inherit config options lib;
    inherit (root) pkgs;
    inherit (options._module.specialArgs.value) modulesPath;
  };
  said = map (failed: failed.message) (lib.filter (one: !one.assertion) config.assertions);
  unsaid = lib.subtractLists said (touched.overridden ++ touched.problems);
  system = config.system.build.toplevel;
  refuse = messages: throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") messages}";
  checked =
    if unsaid != [ ] then refuse (said ++ unsaid)
    else if touched.checks == [ ] then system
    # Whatever became of `system.checks`.
    else system.overrideAttrs (_: { tesseraqtChecks = touched.checks; });
in
# A flake can have something else than a NixOS, in which nothing is to be seen.
if !(root ? options) then { inherit (root.config.system.build) toplevel; unsaid = [ ]; }
else if !(options ? tesseraqt) then throw "a module of the root disables those of tesseraqt"
else { toplevel = checked; inherit unsaid; }
