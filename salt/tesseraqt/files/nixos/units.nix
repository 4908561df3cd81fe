# SPDX-License-Identifier: MIT
# What the units of several files have in common.
{ lib }:
let
  # What is taken from a service that does nothing but carry bytes from one socket to another.
  # Nothing here gives it mounts of its own: where there is one for each call, that takes longer
  # than all the rest of it.
  confined = {
    CapabilityBoundingSet = "";
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    MemoryMax = "64M";
    NoNewPrivileges = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    SystemCallFilter = "@system-service";
    TasksMax = 16;
    UMask = "0077";
  };
in
{
  inherit confined;

  # A service that carries the calls of its socket, from the first one on, with a process for each.
  relay = socket: settings: {
    requires = [ socket ];
    after = [ socket ];
    # A switch that changes it restarts it alone, and whoever waits in its socket stays there.
    stopIfChanged = false;
    # However often it fails, it is started again after this pause, and no call without one.
    startLimitIntervalSec = 0;
    serviceConfig = confined // {
      MemoryMax = "256M";
      TasksMax = 512;
      Restart = "always";
      RestartSec = 1;
      # What socat makes of SIGTERM.
      SuccessExitStatus = 143;
      TimeoutStopSec = 5;
    } // settings;
  };

  # The same for a service that has time for mounts of its own.
  sandboxed = confined // {
    IPAddressDeny = "any";
    PrivateDevices = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
  };

  # A unit that starts only in the qubes that have this container (or, by the flag of the root,
  # that take part in wires themselves): `unitConfig`.
  gated = cfg: { ConditionPathExists = "/run/qubes-service/${cfg.flag}"; };

  # The programs of a container that have a window, and the directory of the qube with the display
  # on which they have it.
  windows = cfg: lib.filterAttrs (_: entry: !entry.terminal) cfg.desktop;
  display = name: "/run/tesseraqt/display/${name}";

  # Who carries calls where nobody else is named, as a part of `users`: somebody who owns nothing.
  carrier = {
    groups.tesseraqt = { };
    users.tesseraqt = {
      description = "Carries calls to APIs";
      group = "tesseraqt";
      isSystemUser = true;
    };
  };

  # How many calls of one consumer each API of a root takes at once, as words CONTAINER.API=NUMBER
  # for scripts.
  limits = { containers, root, ... }:
    let
      word = name: api: end: "${name}.${api}=${toString end.max_connections}";
      words = name: cfg: lib.mapAttrsToList (word name) cfg.provides;
    in
    toString (lib.concatLists (lib.mapAttrsToList words (containers // { qube = root; })));

  # The text of a script of this directory, which finds these variables set.
  scripted = variables: script: lib.toShellVars variables + "\n" + builtins.readFile script;
}
