# SPDX-License-Identifier: MIT
# What a container may not do; its network is in network.nix. The user namespace has no override:
# without it, root in the container is root in the qube.
{ config, lib, options, ... }:
let
  inherit (lib) optional optionals;

  # Came with 25.05.
  typed = options.containers.type.getSubOptions [ ] ? privateUsers;

  # NixOS binds these into every container, the last two writable.
  daemon = [ "/nix/var/nix/daemon-socket" "/nix/var/nix/db" ];
  writable = [ "/nix/var/nix/gcroots" "/nix/var/nix/profiles" ];
  hide = path: "${path}:mode=0755,size=256k,nr_inodes=64";

  container = name: cfg:
    let
      inherit (cfg) hardening;
      # What sets up its link to the qube drops that one; see network-init.sh.
      later = optional (hardening.network == "qube") "CAP_NET_ADMIN";
      gone = lib.subtractLists (hardening.capabilities ++ later) config.tesseraqt.dropped;
    in
    lib.optionalAttrs typed { privateUsers = "pick"; }
    // {
      tmpfs = map hide (writable ++ optionals (!hardening.nix_daemon) daemon);
      extraFlags =
        # CVE-2026-40226: whoever can write a .nspawn file has the qube.
        [ "--settings=no" ]
        ++ optional (!typed) "--private-users=pick"
        ++ optional hardening.no_new_privileges "--no-new-privileges=yes"
        ++ optional (gone != [ ]) "--drop-capability=${lib.concatStringsSep "," gone}";
    };
in
{
  containers = lib.mapAttrs container config.tesseraqt.containers;
}
