# SPDX-License-Identifier: MIT
# The slots of containers, and of the qube as such: each is a socket that is there while dom0
# says where it leads, in QubesDB, so that rewiring needs no other system.
{ config, lib, pkgs, ... }:
let
  inherit (lib) attrNames concatLists filterAttrs mapAttrsToList nameValuePair;

  units = import ./units.nix { inherit lib; };

  inherit (config.tesseraqt) containers root;
  consumers = filterAttrs (_: cfg: cfg.consumes != { }) (containers // { qube = root; });
  inContainers = removeAttrs consumers [ "qube" ];
  slots = concatLists (mapAttrsToList (name: cfg: map (slot: { inherit cfg name slot; }) (attrNames cfg.consumes)) consumers);

  script = name: variables: file: pkgs.writeShellScript name (units.scripted variables file);
  relay = script "tesseraqt-slot-relay" { } ./slot-relay.sh;
  watch = script "tesseraqt-slot-watch" {
    slots = lib.concatMapStringsSep " " (at: "${at.name}/${at.slot}") slots;
    limits = units.limits config.tesseraqt;
  } ./slot-watch.sh;
  # Where every template has the programs of Qubes.
  system = "/run/current-system/sw";
  # The qube's own are where its programs look for them.
  directory = name: if name == "qube" then "/run/api" else "/run/tesseraqt/slots/${name}";

  # Not wanted by anything: tesseraqt-wires starts and stops them.
  socket = { cfg, name, slot }: nameValuePair "tesseraqt-slot-${name}.${slot}" {
    description = "Slot ${slot} of ${name}";
    unitConfig = units.gated cfg;
    listenStreams = [ "${directory name}/${slot}" ];
    socketConfig = {
      SocketMode = "0666";
      RemoveOnStop = true;
    };
  };

  # One for each slot, so that what one consumer does takes no place of another.
  service = { name, slot, ... }:
    let
      unit = "tesseraqt-slot-${name}.${slot}";
    in
    nameValuePair unit (units.relay "${unit}.socket" {
      User = "tesseraqt";
      # Who may call an API here, and open a vchan to another qube.
      SupplementaryGroups = config.tesseraqt.people;
      ExecStart = "${relay} ${name}/${slot}";
      RestrictAddressFamilies = "AF_UNIX";
    } // {
      description = "Calls through slot ${slot} of ${name}";
      path = [ pkgs.socat pkgs.coreutils system ];
    });

  watcher = {
    description = "Wires of this qube";
    after = [ "qubes-db.service" "qubes-sysinit.service" ];
    wantedBy = [ "multi-user.target" ];
    path = [ pkgs.socat pkgs.coreutils config.systemd.package system ];
    serviceConfig = units.sandboxed // {
      Type = "notify";
      NotifyAccess = "all";
      ExecStart = watch;
      Restart = "always";
      RestartSec = 5;
      RuntimeDirectory = "tesseraqt/wires";
      RuntimeDirectoryPreserve = true;
      RestrictAddressFamilies = "AF_UNIX";
      PrivateTmp = true;
      ProtectSystem = "strict";
      # What is in its directory is read by the calls.
      UMask = "0022";
    };
  };

  known = name: { after = [ "tesseraqt-wires.service" ]; wants = [ "tesseraqt-wires.service" ]; };
in
{
  users = lib.mkIf (slots != [ ]) units.carrier;
  containers = lib.mapAttrs (name: _: { extraFlags = [ "--bind-ro=${directory name}:/run/api" ]; }) inContainers;
  systemd.sockets = builtins.listToAttrs (map socket slots);
  systemd.services =
    builtins.listToAttrs (map service slots)
    // lib.mapAttrs' (name: _: nameValuePair "container@${name}" (known name)) inContainers
    // lib.optionalAttrs (slots != [ ]) { tesseraqt-wires = watcher; };
  # Sockets that any user of a container may connect to are out of reach for others here.
  systemd.tmpfiles.rules =
    lib.optional (slots != [ ]) "d /run/tesseraqt/slots 0700 root root -"
    ++ map (name: "d ${directory name} 0755 root root -") (attrNames consumers)
    ++ lib.optional (consumers ? qube) "L+ /run/tesseraqt/slots/qube - - - - /run/api";
}
