# SPDX-License-Identifier: MIT
# What a container may not do. The user namespace has no override: without it, root in the
# container is root in the qube.
{ config, lib, options, ... }:
let
  inherit (lib) mapAttrs optional optionals;

  # Options that older NixOS do not have: the first came with 25.05, the second later.
  has = option: options.containers.type.getSubOptions [ ] ? ${option};
  typed = has "privateUsers";

  # NixOS binds these into every container, the last two writable.
  daemon = [ "/nix/var/nix/daemon-socket" "/nix/var/nix/db" ];
  writable = [ "/nix/var/nix/gcroots" "/nix/var/nix/profiles" ];
  hide = path: "${path}:mode=0755,size=256k,nr_inodes=64";

  container = name: cfg:
    let
      inherit (cfg) hardening;
      gone = lib.subtractLists hardening.capabilities config.tesseraqt.dropped;
    in
    lib.optionalAttrs typed { privateUsers = "pick"; }
    # Who has no network needs not know whom the qube asks for names.
    // lib.optionalAttrs (has "copyResolvConf") { copyResolvConf = hardening.network == "qube"; }
    // {
      privateNetwork = hardening.network == "none";
      tmpfs = map hide (writable ++ optionals (!hardening.nix_daemon) daemon);
      extraFlags =
        # CVE-2026-40226: whoever can write a .nspawn file has the qube.
        [ "--settings=no" ]
        ++ optional (!typed) "--private-users=pick"
        ++ optional hardening.no_new_privileges "--no-new-privileges=yes"
        ++ optional (gone != [ ]) "--drop-capability=${lib.concatStringsSep "," gone}";
    };

  # With a user namespace and a network of its own, newer NixOS let a container have
  # /dev/net/tun, which is of no use without a capability that it lost.
  unit = name: _: lib.nameValuePair "container@${name}" {
    serviceConfig.DeviceAllow = lib.mkForce (map device config.containers.${name}.allowedDevices);
  };
  device = allowed: "${allowed.node} ${allowed.modifier}";
in
{
  containers = mapAttrs container config.tesseraqt.containers;
  systemd.services = lib.mapAttrs' unit config.tesseraqt.containers;
}
