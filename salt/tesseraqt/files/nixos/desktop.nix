# SPDX-License-Identifier: MIT
# Programs of containers in the application menu of the qube, on its own X server.
#
# Whoever talks to an X server as its equal reads every key and can type into every window,
# so that a container must not. It gets a socket of its own, whose far end is somebody with no
# standing with the X server; and for each start of a program a cookie that makes it an
# untrusted client (SECURITY extension): it sees no keys but its own and touches no window of
# others. Where the server would take it without the cookie, it gets no connection.
{ config, lib, pkgs, ... }:
let
  inherit (lib)
    filterAttrs
    mapAttrs
    mapAttrs'
    mapAttrsToList
    nameValuePair
    ;

  containers = filterAttrs (_: cfg: cfg.desktop != { }) config.tesseraqt.containers;
  graphical = filterAttrs (_: cfg: entries cfg != [ ]) containers;
  socat = "${pkgs.socat}/bin/socat";
  place = name: "/run/tesseraqt/display/${name}";
  gated = cfg: { ConditionPathExists = "/run/qubes-service/${cfg.flag}"; };

  container = name: cfg: {
    extraFlags = [ "--bind-ro=${place name}:/run/tesseraqt/display" ];
  };

  displaySocket = name: cfg: nameValuePair "tesseraqt-display-${name}" {
    description = "Display socket of container ${name}";
    unitConfig = gated cfg;
    after = [ "qubes-sysinit.service" ];
    before = [ "container@${name}.service" ];
    requiredBy = [ "container@${name}.service" ];
    listenStreams = [ "${place name}/X0" ];
    socketConfig = {
      Accept = true;
      MaxConnections = 64;
      SocketMode = "0666";
      RemoveOnStop = true;
    };
  };

  displayService = name: cfg: nameValuePair "tesseraqt-display-${name}@" {
    # A switch cannot start it again, for only its socket can.
    restartIfChanged = false;
    description = "Display of container ${name}";
    serviceConfig = {
      ExecStart = "${gate name}";
      StandardInput = "socket";
      StandardOutput = "socket";
      StandardError = "journal";
      # The far end must be nobody: the X server trusts its own user without any cookie.
      DynamicUser = true;
      # A private /tmp, which DynamicUser brings, would not have the X socket in it.
      BindReadOnlyPaths = "/tmp/.X11-unix";
      CapabilityBoundingSet = "";
      IPAddressDeny = "any";
      LockPersonality = true;
      MemoryDenyWriteExecute = true;
      MemoryMax = "64M";
      PrivateDevices = true;
      PrivateNetwork = true;
      ProtectClock = true;
      ProtectControlGroups = true;
      ProtectHome = true;
      ProtectHostname = true;
      ProtectKernelLogs = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectProc = "invisible";
      RestrictAddressFamilies = "AF_UNIX";
      RestrictNamespaces = true;
      RestrictRealtime = true;
      SystemCallArchitectures = "native";
      SystemCallFilter = "@system-service";
      TasksMax = 16;
    };
    path = [ pkgs.coreutils ];
  };

  # Who may start a program: the people of the qube, not its services.
  openSocket = name: cfg: nameValuePair "tesseraqt-open-${name}" {
    description = "Starts programs of container ${name}";
    unitConfig = gated cfg;
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

  openService = name: cfg: nameValuePair "tesseraqt-open-${name}@" {
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

  scripted = import ./scripted.nix { inherit lib; };
  entries = cfg: lib.attrNames (filterAttrs (_: entry: !entry.terminal) cfg.desktop);

  opener = name: cfg: pkgs.writeShellScript "tesseraqt-open-${name}" (
    scripted {
      inherit name;
      entries = lib.concatStringsSep " " (entries cfg);
      place = place name;
    } ./open.sh
  );

  gate = name: pkgs.writeShellScript "tesseraqt-display-${name}" (
    scripted {
      inherit name;
      xdpyinfo = "${pkgs.xdpyinfo or pkgs.xorg.xdpyinfo}/bin/xdpyinfo";
      inherit socat;
    } ./display.sh
  );

  launcher = name: cfg: pkgs.writeShellScriptBin "tesseraqt-open-${name}" (
    scripted {
      inherit name;
      trust = cfg.hardening.display;
      xauth = "${pkgs.xauth or pkgs.xorg.xauth}/bin/xauth";
      xhost = "${pkgs.xhost or pkgs.xorg.xhost}/bin/xhost";
      inherit socat;
    } ./launch.sh
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
  containers = mapAttrs container graphical;
  systemd.sockets = mapAttrs' displaySocket graphical // mapAttrs' openSocket graphical;
  systemd.services = mapAttrs' displayService graphical // mapAttrs' openService graphical;
  # With a cookie in it that a program was trusted with, nobody else is to look.
  systemd.tmpfiles.rules = lib.optional (graphical != { }) "d /run/tesseraqt/display 0700 root root -";
  environment.systemPackages =
    lib.concatLists (mapAttrsToList menu containers ++ mapAttrsToList terminals containers)
    ++ mapAttrsToList (name: _: icons name) containers
    ++ mapAttrsToList launcher graphical;
}
