# SPDX-License-Identifier: MIT
# What outlives a container is in /rw, the only place that outlives the qube.
{ config, lib, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs mapAttrs' nameValuePair;

  units = import ./units.nix { inherit lib; };

  stateful = filterAttrs (_: cfg: cfg.state != { }) config.tesseraqt.containers;

  # What the system of a container says of it, be it in the store already or not.
  told = name:
    if !(config.tesseraqt.built ? ${name}) then
      builtins.fromJSON (config.containers.${name}.config.environment.etc."tesseraqt/kept.json".text or "{}")
    else
      let
        file = "${builtins.storePath config.tesseraqt.built.${name}}/etc/tesseraqt/kept.json";
      in
      lib.optionalAttrs (builtins.pathExists file) (lib.importJSON file);

  # From directories in /rw, named as declared, to where they are mounted.
  # NixOS numbers users by what it finds there; without it, files change hands.
  below = lib.any (path: lib.hasPrefix "${path}/" "/var/lib/nixos");
  mounts = name: cfg:
    let
      said = (told name).mounts or (lib.genAttrs (lib.attrNames cfg.state) lib.id);
    in
    said // lib.optionalAttrs (!below (lib.attrNames said)) { "/var/lib/nixos" = "/var/lib/nixos"; };

  # As flags, not as `bindMounts`: those require the mount of /rw, and who starts that
  # before qubes-mount-dirs.service has formatted a new volume gets an error instead.
  container = name: cfg: {
    extraFlags = lib.mapAttrsToList (path: at: "--bind=/rw/tesseraqt/${name}${path}:${at}:idmap") (mounts name cfg);
  };

  unit = name: cfg: nameValuePair "tesseraqt-state-${name}" {
    description = "State directories of container ${name}";
    unitConfig = units.gated cfg;
    after = [ "qubes-sysinit.service" "qubes-mount-dirs.service" ];
    before = [ "container@${name}.service" ];
    requiredBy = [ "container@${name}.service" ];
    path = [ pkgs.util-linux ];
    # As the container itself, which a failure here keeps from being tried again: so this has
    # one that starts by itself started when all is well.
    startLimitIntervalSec = 0;
    postStart = lib.mkIf cfg.autostart "${config.systemd.package}/bin/systemctl --no-block start container@${name}.service";
    # Nothing that would give it mounts of its own: /rw has to be seen as it is.
    serviceConfig = units.confined // {
      Type = "oneshot";
      RemainAfterExit = true;
      Restart = "on-failure";
      RestartSec = 5;
      CapabilityBoundingSet = [ "CAP_CHOWN" "CAP_DAC_OVERRIDE" "CAP_FOWNER" ];
      IPAddressDeny = "any";
      RestrictAddressFamilies = "AF_UNIX";
    };
    script = units.scripted
      {
        inherit name;
        paths = toString (lib.attrNames (mounts name cfg));
        version = (told name).stateVersion or "";
      }
      ./state.sh;
  };
in
{
  containers = mapAttrs container stateful;
  systemd.services = mapAttrs' unit stateful;
}
