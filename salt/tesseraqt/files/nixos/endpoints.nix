# SPDX-License-Identifier: MIT
# The endpoints of wires where programs use them: in a container, or in the qube as such (`party`).
# What it provides is a socket of the qube, which systemd hands in; what it consumes is a
# socket in /run/api, for which programs get a link or a port. `callers` says who may connect
# to the first, for it is the qube that has it.
{ party, provides, consumes, unitConfig ? { }, callers ? { } }:
{ lib, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs' mapAttrsToList nameValuePair;

  units = import ./units.nix { inherit lib; };

  # Units of the qube have its name in them, those of a container are alone in there.
  label = name: if party == "qube" then "qube.${name}" else name;
  ported = filterAttrs (_: slot: slot.tcp != null) consumes;
  linked = filterAttrs (_: slot: slot.socket != null) consumes;

  adapter = description: after: user: address: {
    inherit after description;
    # A switch cannot start it again, for only its socket can.
    restartIfChanged = false;
    unitConfig.CollectMode = "inactive-or-failed";
    serviceConfig = units.confined // {
      User = user;
      ExecStart = "${pkgs.socat}/bin/socat -b 65536 -t 3600 STDIO,shut-down ${address}";
      StandardInput = "socket";
      StandardOutput = "socket";
      StandardError = "journal";
      RestrictAddressFamilies = [ "AF_UNIX" ] ++ lib.optional (lib.hasPrefix "TCP4:" address) "AF_INET";
    };
  };

  listener = description: stream: limit: {
    inherit description unitConfig;
    wantedBy = [ "sockets.target" ];
    listenStreams = [ stream ];
    socketConfig = {
      Accept = true;
      MaxConnections = limit;
      # A consumer that calls often must not break the socket for others.
      TriggerLimitIntervalSec = 0;
    };
  };

  apiSocket = api: end: nameValuePair "tesseraqt-api-${label api}" (
    lib.recursiveUpdate
      (listener "API ${api}" "/run/tesseraqt/api/${party}/${api}" end.max_connections)
      {
        socketConfig = callers;
        # A systemd takes over what it is handed for the units alone that it knows when it has
        # looked at its mounts: those, and what they lead to, so that this has to be one.
        wantedBy = [ "sockets.target" ] ++ lib.optional (party != "qube") "local-fs.target";
      }
  );

  # A program that has just been started with the first call may need a moment.
  patient = address: "${address},retry=20,interval=0.25";
  behind = end: patient (if end.socket != null then "UNIX-CONNECT:${end.socket}" else "TCP4:127.0.0.1:${toString end.tcp}");
  apiService = api: end: nameValuePair "tesseraqt-api-${label api}@" (
    adapter "Call of API ${api}" [ "multi-user.target" ] (if end.user != null then end.user else "tesseraqt") (behind end)
  );

  portSocket = slot: end: nameValuePair "tesseraqt-port-${label slot}" (
    listener "Port of slot ${slot}" "127.0.0.1:${toString end.tcp}" 64
  );
  portService = slot: end: nameValuePair "tesseraqt-port-${label slot}@" (
    adapter "Call through slot ${slot}" [ ] "tesseraqt" "UNIX-CONNECT:/run/api/${slot}"
  );
in
{
  users = lib.mkIf (provides != { } || ported != { }) units.carrier;
  systemd.sockets = mapAttrs' apiSocket provides // mapAttrs' portSocket ported;
  systemd.services = mapAttrs' apiService provides // mapAttrs' portService ported;
  systemd.tmpfiles.rules = mapAttrsToList (slot: end: "L+ ${end.socket} - - - - /run/api/${slot}") linked;
}
