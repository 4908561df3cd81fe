# SPDX-License-Identifier: MIT
# The endpoints of wires where programs use them: in a container, or in the qube as such (`party`).
# What it provides is a socket of the qube, which systemd hands in; what it consumes is a
# socket in /run/api, for which programs get a link or a port. `callers` says who may connect
# to the first, for it is the qube that has it.
{ party, provides, consumes, unitConfig ? { }, callers ? { } }:
{ config, lib, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs' mapAttrsToList nameValuePair;

  units = import ./units.nix { inherit lib; };

  # Units of the qube have its name in them, those of a container are alone in there.
  label = name: if party == "qube" then "qube.${name}" else name;
  homes = import ./homes.nix {
    inherit lib;
    people = lib.filter (user: user.isNormalUser) (lib.attrValues config.users.users);
  };
  ported = filterAttrs (_: slot: slot.tcp != null) consumes;
  linked = filterAttrs (_: slot: slot.socket != null) consumes;

  # socat loses count of its children: `max` slows down whoever opens far too many, and is no limit.
  relay = name: description: after: { max, user, wait, address }:
    let
      service = units.relay "${name}.socket" {
        User = user;
        ExecStart = "${pkgs.socat}/bin/socat -d0 -b 65536 ${wait} ACCEPT-FD:3,fork,max-children=${toString max},shut-down ${address}";
        RestrictAddressFamilies = [ "AF_UNIX" ] ++ lib.optional (lib.hasPrefix "TCP4:" address) "AF_INET";
      };
    in
    nameValuePair name (service // { inherit description; after = service.after ++ after; });

  listener = description: stream: {
    inherit description unitConfig;
    wantedBy = [ "sockets.target" ];
    listenStreams = [ stream ];
  };

  apiSocket = api: _: nameValuePair "tesseraqt-api-${label api}" (
    listener "API ${api}" "/run/tesseraqt/api/${party}/${api}"
    // {
      socketConfig = callers;
      # A systemd takes over what it is handed for the units alone that it knows when it has
      # looked at its mounts: those, and what they lead to, so that this has to be one.
      wantedBy = [ "sockets.target" ] ++ lib.optional (party != "qube") "local-fs.target";
    }
  );

  # A program that has just been started with the first call may need a moment.
  patient = address: "${address},retry=20,interval=0.25";
  behind = end: patient (if end.socket != null then "UNIX-CONNECT:${end.socket}" else "TCP4:127.0.0.1:${toString end.tcp}");
  # Both, for the second holds until one side has said all, and the first from then on.
  idle = end: "-t ${toString end.idle_timeout} -T ${toString end.idle_timeout}";
  apiService = api: end: relay "tesseraqt-api-${label api}" "Calls of API ${api}" [ "multi-user.target" ] {
    max = 256;
    user = if end.user != null then end.user else "tesseraqt";
    wait = idle end;
    address = behind end;
  };

  portSocket = slot: end: nameValuePair "tesseraqt-port-${label slot}" (
    listener "Port of slot ${slot}" "127.0.0.1:${toString end.tcp}"
  );
  portService = slot: _: relay "tesseraqt-port-${label slot}" "Calls to the port of slot ${slot}" [ ] {
    max = 64;
    user = "tesseraqt";
    wait = "-t 86400";
    address = "UNIX-CONNECT:/run/api/${slot}";
  };
in
{
  users = lib.mkIf (provides != { } || ported != { }) units.carrier;
  systemd.sockets = mapAttrs' apiSocket provides // mapAttrs' portSocket ported;
  systemd.services = mapAttrs' apiService provides // mapAttrs' portService ported;
  systemd.tmpfiles.rules =
    lib.unique (lib.concatMap (end: homes.above end.socket) (lib.attrValues linked))
    ++ mapAttrsToList (slot: end: "L+ ${end.socket} - - - - /run/api/${slot}") linked;
}
