# SPDX-License-Identifier: MIT
# In a container with state: users and groups have the same numbers at every start, whoever comes
# and goes, so that the files that are kept stay theirs.
{ config, declared, lib, options, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs mkIf mkOverride;

  people = filterAttrs (_: user: user.enable or true) config.users.users;

  # Where NixOS takes numbers from; the third says whether it begins at the lower end.
  ranges = {
    user = user: if user.isSystemUser then [ 400 999 false ] else [ 1000 29999 true ];
    group = _: [ 400 999 false ];
  };

  wanted = number: range: accounts: {
    ranges = mapAttrs (_: range) (filterAttrs (_: account: account.${number} == null) accounts);
    fixed = lib.filter (given: given != null) (lib.mapAttrsToList (_: account: account.${number}) accounts);
  };

  spec = pkgs.writeText "user-numbers.json" (builtins.toJSON {
    users = wanted "uid" ranges.user people // {
      homes = mapAttrs (_: user: user.home) (filterAttrs (_: user: user.isNormalUser && user.uid == null) people);
    };
    groups = wanted "gid" ranges.group config.users.groups;
  });

  # They number users in ways of their own.
  others = config.systemd.sysusers.enable or false || config.services.userborn.enable or false;
in
mkIf (declared.state != { }) (lib.mkMerge [
  (mkIf (!others) {
    system.activationScripts.tesseraqt-user-numbers = ''
      mkdir -p -m 0755 /var/lib/nixos
      ${pkgs.perl}/bin/perl ${./user-numbers.pl} ${spec} /var/lib/nixos
    '';
    system.activationScripts.users.deps = [ "tesseraqt-user-numbers" ];
  })
  # It remembers what it has given out in the files themselves.
  (lib.optionalAttrs (lib.hasAttrByPath [ "services" "userborn" "passwordFilesLocation" ] options) {
    services.userborn.passwordFilesLocation = mkOverride 1200 "/var/lib/nixos";
  })
])
