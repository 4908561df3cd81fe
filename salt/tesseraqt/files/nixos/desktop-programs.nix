# SPDX-License-Identifier: MIT
# In a container: the programs of its `desktop` entries as units, so that nothing but the
# name of an entry ever comes in from outside.
{ declared, lib, pkgs, utils, ... }:
let
  inherit (lib) mapAttrs' mkDefault mkIf nameValuePair;

  graphical = (import ./units.nix { inherit lib; }).windows declared;
  users = lib.unique (lib.mapAttrsToList (_: entry: entry.user) declared.desktop);
  unknown = lib.subtractLists (lib.attrNames declared.users) users;

  # A login shell has the environment that NixOS gives to people.
  login = ''exec ${pkgs.dbus}/bin/dbus-run-session -- "$@"'';

  unit = name: entry: nameValuePair "tesseraqt-desktop-${name}@" {
    description = "Program ${name} on the display of the qube";
    environment = {
      DISPLAY = ":0";
      XAUTHORITY = "/run/tesseraqt/display/cookie";
      # Shared memory does not reach into the container.
      QT_X11_NO_MITSHM = "1";
      GDK_BACKEND = "x11";
    };
    serviceConfig = {
      User = entry.user;
      WorkingDirectory = "~";
      ExecStart = utils.escapeSystemdExecArgs (
        [ pkgs.runtimeShell "-l" "-c" login "desktop" ] ++ entry.command
      );
      Slice = "tesseraqt-desktop.slice";
    };
    # What came of a program that failed is in the journal; its unit need not stay.
    unitConfig.CollectMode = "inactive-or-failed";
    # A running program is not shut because its unit changed.
    restartIfChanged = false;
  };
in
mkIf (declared.desktop != { }) {
  users.users = lib.genAttrs unknown (_: { isNormalUser = mkDefault true; });

  systemd.services = mapAttrs' unit graphical;
  systemd.tmpfiles.rules = mkIf (graphical != { }) [
    "L+ /tmp/.X11-unix/X0 - - - - /run/tesseraqt/display/X0"
  ];
}
