# SPDX-License-Identifier: MIT
# Programs of containers in the application menu of the qube: entries, and what starts them.
# Those with windows come to the display that display.nix makes.
{ config, lib, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs' mapAttrsToList nameValuePair;

  units = import ./units.nix { inherit lib; };
  containers = filterAttrs (_: cfg: cfg.desktop != { }) config.tesseraqt.containers;
  graphical = filterAttrs (_: cfg: units.windows cfg != { }) containers;
  socat = "${pkgs.socat}/bin/socat";

  # Who may start a program: the people of the qube, not its services.
  socket = name: cfg: nameValuePair "tesseraqt-open-${name}" {
    description = "Starts programs of container ${name}";
    unitConfig = units.gated cfg;
    after = [ "qubes-sysinit.service" ];
    wantedBy = [ "sockets.target" ];
    listenStreams = [ "/run/tesseraqt/open/${name}" ];
    socketConfig = {
      Accept = true;
      MaxConnections = 8;
      SocketGroup = config.tesseraqt.people;
      SocketMode = "0660";
      RemoveOnStop = true;
    };
  };

  service = name: cfg: nameValuePair "tesseraqt-open-${name}@" {
    restartIfChanged = false;
    description = "Starts a program of container ${name}";
    serviceConfig = {
      ExecStart = "${opener name cfg}";
      StandardInput = "socket";
      StandardOutput = "socket";
      StandardError = "journal";
      TimeoutStartSec = "2min";
      Type = "oneshot";
      # To talk to the systemd in there it enters its namespaces, which needs the most of root.
      IPAddressDeny = "any";
      LockPersonality = true;
      NoNewPrivileges = true;
      RestrictAddressFamilies = "AF_UNIX";
      RestrictRealtime = true;
      SystemCallArchitectures = "native";
    };
    path = [ pkgs.coreutils config.systemd.package ];
  };

  opener = name: cfg: pkgs.writeShellScript "tesseraqt-open-${name}" (
    units.scripted {
      inherit name;
      entries = lib.concatStringsSep " " (lib.attrNames (units.windows cfg));
      place = units.display name;
    } ./desktop-open.sh
  );

  launcher = name: cfg: pkgs.writeShellScriptBin "tesseraqt-open-${name}" (
    units.scripted {
      inherit name;
      trust = cfg.hardening.display;
      xauth = "${pkgs.xauth or pkgs.xorg.xauth}/bin/xauth";
      xhost = "${pkgs.xhost or pkgs.xorg.xhost}/bin/xhost";
      inherit socat;
    } ./desktop-launch.sh
  );

  # A program for a terminal needs no display in the container.
  inTerminal = name: entry: declared: pkgs.writeShellScriptBin "tesseraqt-run-${name}.${entry}" ''
    exec tesseraqt-enter -u ${declared.user} ${name} ${lib.escapeShellArgs declared.command}
  '';

  terminals = name: cfg:
    mapAttrsToList (inTerminal name) (filterAttrs (_: entry: entry.terminal) cfg.desktop);

  item = name: entry: declared: pkgs.makeDesktopItem {
    # A dot, for both may have `-` in them.
    name = "tesseraqt-${name}.${entry}";
    desktopName = lib.escape [ "\\" ] "${declared.title} (${name})";
    comment = "In container ${name}";
    exec =
      if declared.terminal then "tesseraqt-run-${name}.${entry}" else "tesseraqt-open-${name} ${entry}";
    icon = if declared.icon != null then declared.icon else "application-x-executable";
    inherit (declared) terminal;
  };

  menu = name: cfg: mapAttrsToList (item name) cfg.desktop;

  # What the container's own profile has of icons, so that the menu shows them.
  icons = name: pkgs.runCommand "tesseraqt-icons-${name}" { } ''
    mkdir -p $out/share
    for kind in icons pixmaps; do
      if [ -e ${config.containers.${name}.path}/sw/share/$kind ]; then
        ln -s ${config.containers.${name}.path}/sw/share/$kind $out/share/$kind
      fi
    done
  '';
in
{
  systemd.sockets = mapAttrs' socket graphical;
  systemd.services = mapAttrs' service graphical;
  environment.systemPackages =
    lib.concatLists (mapAttrsToList menu containers ++ mapAttrsToList terminals containers)
    ++ mapAttrsToList (name: _: icons name) containers
    ++ mapAttrsToList launcher graphical;
}
