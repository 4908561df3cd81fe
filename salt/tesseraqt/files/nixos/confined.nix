# SPDX-License-Identifier: MIT
# What is taken from a service that does nothing but carry bytes from one socket to another.
# There is one for each call, so that nothing here gives it mounts of its own: that takes
# longer than all the rest of a call.
{
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
}
