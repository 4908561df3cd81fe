# SPDX-License-Identifier: MIT
# What a service needs that does nothing but carry bytes from one socket to another.
{
  CapabilityBoundingSet = "";
  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  MemoryMax = "64M";
  NoNewPrivileges = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectSystem = "strict";
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  SystemCallArchitectures = "native";
  SystemCallFilter = "@system-service";
  TasksMax = 16;
  UMask = "0077";
}
