# SPDX-License-Identifier: MIT
# What the units of several files have in common.
{ lib }:
let
  # What is taken from a service that does nothing but carry bytes from one socket to another.
  # There is one for each call, so that nothing here gives it mounts of its own: that takes
  # longer than all the rest of a call.
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

  # The text of a script of this directory, which finds these variables set.
  scripted = variables: script: lib.toShellVars variables + "\n" + builtins.readFile script;
}
