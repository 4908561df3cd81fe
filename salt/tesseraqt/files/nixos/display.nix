# SPDX-License-Identifier: MIT
# A display for the containers that have programs with windows: a socket of their own, behind
# which is the X server of the qube.
#
# Whoever talks to an X server as its equal reads every key and can type into every window,
# so that a container must not. The far end of its socket is somebody with no standing with the
# X server; and for each start of a program there is a cookie that makes it an untrusted client
# (SECURITY extension): it sees no keys but its own and touches no window of others. Where the
# server would take it without the cookie, it gets no connection.
{ config, lib, pkgs, ... }:
let
  inherit (lib) filterAttrs mapAttrs mapAttrs' nameValuePair;

  units = import ./units.nix { inherit lib; };
  graphical = filterAttrs (_: cfg: units.windows cfg != { }) config.tesseraqt.containers;

  container = name: _: {
    extraFlags = [ "--bind-ro=${units.display name}:/run/tesseraqt/display" ];
  };

  socket = name: cfg: nameValuePair "tesseraqt-display-${name}" {
    description = "Display socket of container ${name}";
    unitConfig = units.gated cfg;
    after = [ "qubes-sysinit.service" ];
    before = [ "container@${name}.service" ];
    requiredBy = [ "container@${name}.service" ];
    listenStreams = [ "${units.display name}/X0" ];
    socketConfig = {
      Accept = true;
      MaxConnections = 64;
      SocketMode = "0666";
      RemoveOnStop = true;
    };
  };

  service = name: _: nameValuePair "tesseraqt-display-${name}@" {
    # A switch cannot start it again, for only its socket can.
    restartIfChanged = false;
    description = "Display of container ${name}";
    serviceConfig = units.sandboxed // {
      ExecStart = "${gate name}";
      StandardInput = "socket";
      StandardOutput = "socket";
      StandardError = "journal";
      # The far end must be nobody: the X server trusts its own user without any cookie.
      DynamicUser = true;
      # A private /tmp, which DynamicUser brings, would not have the X socket in it.
      BindReadOnlyPaths = "/tmp/.X11-unix";
      PrivateNetwork = true;
      ProtectProc = "invisible";
      RestrictAddressFamilies = "AF_UNIX";
    };
    path = [ pkgs.coreutils ];
  };

  gate = name: pkgs.writeShellScript "tesseraqt-display-${name}" (
    units.scripted {
      inherit name;
      xdpyinfo = "${pkgs.xdpyinfo or pkgs.xorg.xdpyinfo}/bin/xdpyinfo";
      socat = "${pkgs.socat}/bin/socat";
    } ./display.sh
  );
in
{
  containers = mapAttrs container graphical;
  systemd.sockets = mapAttrs' socket graphical;
  systemd.services = mapAttrs' service graphical;
  # With a cookie in it that a program was trusted with, nobody else is to look.
  systemd.tmpfiles.rules = lib.optional (graphical != { }) "d /run/tesseraqt/display 0700 root root -";
}
