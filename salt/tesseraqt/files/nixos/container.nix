# SPDX-License-Identifier: MIT
# Each declared container is one of NixOS' own, there for every qube on this root, and
# starts only in the qubes that have its flag.
{ config, lib, options, ... }:
let
  inherit (lib) mapAttrs mapAttrs' mkForce mkIf mkOverride nameValuePair;

  units = import ./units.nix { inherit lib; };

  system = name: cfg:
    if config.tesseraqt.built ? ${name} then
      { path = builtins.storePath config.tesseraqt.built.${name}; }
    else
      {
        config = import ./container-config.nix {
          inherit name cfg;
          inherit (config.system) stateVersion;
          rootHasVersion = options.system.stateVersion.highestPrio < (lib.mkOptionDefault null).priority;
        };
        nixpkgs = mkIf (cfg.nixpkgs != null) (builtins.fetchTarball {
          inherit (cfg.nixpkgs) url;
          sha256 = cfg.nixpkgs.hash;
        });
      };

  container = name: cfg: system name cfg // {
    # Always: NixOS forgets to restart a changed container that has no autoStart.
    autoStart = true;
    ephemeral = true;
    # The first start of a database, on the share of a CPU that it has, takes longer than NixOS' minute.
    timeoutStartSec = lib.mkDefault "15min";
  };

  machined = "org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager";

  limited = limit: text: mkIf (limit != null) (text (toString limit));

  unit = name: cfg: nameValuePair "container@${name}" {
    unitConfig = units.gated cfg;
    after = [ "qubes-sysinit.service" ];
    wantedBy = mkIf (!cfg.autostart) (mkForce [ ]);
    # What keeps it from starting may pass, and after a few starts at once systemd would give up
    # its APIs for good. A call that waits has it started again no sooner than this either.
    startLimitIntervalSec = 0;
    # To machined, one that was killed is there for as long as its unit is being started again, and
    # no other one of that name starts.
    postStop = "busctl --quiet call ${machined} UnregisterMachine s ${name} 2> /dev/null || true\n";
    serviceConfig = {
      RestartSec = 5;
      # NixOS reloads by nsenter without the user namespace, which lends the container
      # the real root of the qube.
      ExecReload = mkForce [ ];
      MemoryMax = limited cfg.limits.memory lib.id;
      TasksMax = limited cfg.limits.tasks lib.id;
      CPUQuota = limited cfg.limits.cpu (percent: "${percent}%");
    };
  };
in
{
  containers = mapAttrs container config.tesseraqt.containers;
  # Those of all containers count for root of the qube, whose namespaces they are: three for each
  # systemd and more for services, where the kernel has 128.
  boot.kernel.sysctl."fs.inotify.max_user_instances" = mkIf (config.tesseraqt.containers != { }) (mkOverride 1100 4096);
  systemd.services = mapAttrs' unit config.tesseraqt.containers;
}
