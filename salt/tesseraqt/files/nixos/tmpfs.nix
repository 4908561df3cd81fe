# SPDX-License-Identifier: MIT
# What a container has in memory besides its processes: its root, its /tmp and its /dev/shm, each
# a file system of its own that holds as much as is declared. NixOS has the root in /run of the qube,
# which is then full for everybody, and nspawn has the others hold a tenth of what memory there is.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mapAttrs mapAttrs' mkBefore mkForce nameValuePair;

  size = { memory, tmpfs, ... }:
    if tmpfs != null then tmpfs
    else if memory != null then memory / 2
    else 536870912;
  # An inode takes memory too, as much as a small file.
  bounded = cfg: "size=${toString (size cfg.limits)},nr_inodes=${toString (lib.max 16384 (size cfg.limits / 4096))}";

  container = _: cfg: {
    tmpfs = map (path: "${path}:mode=1777,${bounded cfg}") [ "/tmp" "/dev/shm" ];
  };

  unit = name: cfg:
    let
      place = "/run/tesseraqt/roots/${name}";
    in
    nameValuePair "container@${name}" {
      # Not the top of it: nspawn makes what the container gets, a copy, beside it.
      environment.root = mkForce "${place}/root";
      path = [ pkgs.util-linux ];
      preStart = mkBefore ''
        mkdir -p -m 0700 /run/tesseraqt/roots ${place}
        # Of one that was killed.
        if mountpoint --quiet ${place}; then umount --lazy ${place}; fi
        mount -t tmpfs -o mode=0700,${bounded cfg} tesseraqt-${name} ${place}
        mkdir ${place}/root
      '';
      postStop = "umount --lazy ${place} || true\n";
    };
in
{
  containers = mapAttrs container config.tesseraqt.containers;
  systemd.services = mapAttrs' unit config.tesseraqt.containers;
}
