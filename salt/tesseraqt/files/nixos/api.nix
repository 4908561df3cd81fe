# SPDX-License-Identifier: MIT
# The APIs of containers are sockets of the qube, so that no container has a place in it that
# others connect to, and a call starts the container it is for.
{ config, lib, pkgs, options, ... }:
let
  inherit (lib) attrNames mapAttrs' mapAttrsToList nameValuePair;

  units = import ./units.nix { inherit lib; };

  inherit (config.tesseraqt) people;
  containers = lib.filterAttrs (_: cfg: cfg.provides != { }) config.tesseraqt.containers;
  provided = containers != { } || config.tesseraqt.root.provides != { };
  socket = name: api: "tesseraqt-api-${name}.${api}";

  sockets = name: cfg: map (api: nameValuePair (socket name api) {
    description = "API ${api} of container ${name}";
    unitConfig = units.gated cfg;
    after = [ "qubes-sysinit.service" ];
    wantedBy = [ "sockets.target" ];
    listenStreams = [ "/run/tesseraqt/api/${name}/${api}" ];
    socketConfig = {
      Service = "container@${name}.service";
      SocketGroup = people;
      SocketMode = "0660";
      RemoveOnStop = true;
    };
  }) (attrNames cfg.provides);

  # nspawn hands them on to the systemd in there, which knows them by their paths.
  unit = name: cfg:
    let
      handed = map (api: "${socket name api}.socket") (attrNames cfg.provides);
    in
    nameValuePair "container@${name}" {
      after = handed;
      wants = handed;
      serviceConfig.Sockets = handed;
    };

  service = pkgs.writeShellScript "tesseraqt.Api" (
    units.scripted
      {
        PATH = lib.makeBinPath [ pkgs.socat pkgs.util-linux ];
        limits = units.limits config.tesseraqt;
      }
      ./api.sh
  );

  package = pkgs.runCommand "tesseraqt-qubes-rpc" { } ''
    mkdir -p $out/etc/qubes-rpc
    cp ${service} $out/etc/qubes-rpc/tesseraqt.Api
  '';

  # Where a template has an option for services, /etc/qubes-rpc may be a directory of the store.
  installed =
    if options ? services.qubes.qrexec.packages then
      { services.qubes.qrexec.packages = [ package ]; }
    else if options ? services.qubes.extraPackages then
      { services.qubes.extraPackages = [ package ]; }
    else
      { environment.etc."qubes-rpc/tesseraqt.Api".source = service; };
in
lib.mkMerge [
  {
    systemd.sockets = builtins.listToAttrs (lib.concatLists (mapAttrsToList sockets containers));
    systemd.services = mapAttrs' unit containers;
    # Qubes 4.3 looks there first.
    systemd.tmpfiles.rules = lib.optionals provided [
      "d /run/qubes-rpc 0755 root root -"
      # Who calls from other qubes has places there; the service is a program of the qube's user.
      "d /run/tesseraqt/callers 2770 root ${people} -"
      "L+ /run/qubes-rpc/tesseraqt.Api - - - - ${service}"
    ];
  }
  (lib.mkIf provided installed)
]
