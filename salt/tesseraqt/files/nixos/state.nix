# SPDX-License-Identifier: MIT
# What outlives a container is in /rw, the only place that outlives the qube.
{ config, lib, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs mapAttrs' nameValuePair;

  units = import ./units.nix { inherit lib; };

  stateful = filterAttrs (_: cfg: cfg.state != [ ]) config.tesseraqt.containers;
  # NixOS numbers users by what it finds there; without it, files change hands.
  kept = cfg: lib.unique ([ "/var/lib/nixos" ] ++ cfg.state);
  below = lib.any (path: lib.hasPrefix "${path}/" "/var/lib/nixos");
  paths = cfg: if below cfg.state then cfg.state else kept cfg;
  source = name: path: "/rw/tesseraqt/${name}${path}";

  # As flags, not as `bindMounts`: those require the mount of /rw, and who starts that
  # before qubes-mount-dirs.service has formatted a new volume gets an error instead.
  container = name: cfg: {
    extraFlags = map (path: "--bind=${source name path}:${path}:idmap") (paths cfg);
  };

  # A container could have left a link there while it had a directory above.
  make = name: path: ''
    mkdir -p -m 0755 ${source name path}
    found=$(realpath ${source name path})
    if [ "$found" != ${source name path} ]; then
      echo "container ${name}: ${source name path} is a link to $found" >&2
      exit 1
    fi
  '';

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
      # For the directories above those that are kept.
      UMask = "0022";
    };
    script = ''
      if ! mountpoint -q /rw; then
        echo "container ${name}: /rw is not mounted" >&2
        exit 1
      fi
      # Files in there belong to the users of the container, its root and what that makes
      # setuid too: nobody else of the qube gets in.
      mkdir -p -m 0700 /rw/tesseraqt /rw/tesseraqt/${name}
      chown root:root /rw/tesseraqt /rw/tesseraqt/${name}
      # Five digits: a setgid bit goes too, for the unit may not set one.
      chmod 00700 /rw/tesseraqt /rw/tesseraqt/${name}
      ${lib.concatMapStrings (make name) (paths cfg)}
    '';
  };
in
{
  containers = mapAttrs container stateful;
  systemd.services = mapAttrs' unit stateful;
}
