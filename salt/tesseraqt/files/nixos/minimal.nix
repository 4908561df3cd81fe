# SPDX-License-Identifier: MIT
# A container has what its services need, and not what a machine of its own would have besides.
# Everything here is weaker than the default of any module, so that whatever asks for more gets it.
{ config, declared, lib, options, ... }:
let
  inherit (lib) any hasAttrByPath mapAttrs mapAttrsToList mkIf mkMerge optionalAttrs setAttrByPath splitString;

  graphical = (import ./units.nix { inherit lib; }).windows declared != { };
  weak = lib.mkOverride 1200;

  # What this NixOS has no option for is left out.
  option = name: value:
    let
      path = splitString "." name;
    in
    optionalAttrs (hasAttrByPath path options) (setAttrByPath path (weak value));

  # It leaves only by `state`.
  log = any (kept: lib.hasPrefix "${kept}/" "/var/log/journal/") (lib.attrNames declared.state);

  # Who logs in over a network, or stays without being there, has a session.
  sessions = config.services.openssh.enable || any (user: user.linger or null == true) (lib.attrValues config.users.users);

  # Where false, nothing can start the unit.
  units = {
    systemd-journal-catalog-update = false;
    systemd-journal-flush = log;
    systemd-logind = sessions;
    systemd-update-done = false;
    systemd-update-utmp = false;
    # Without effect where nobody gains privileges by a program.
    suid-sgid-wrappers = !declared.hardening.no_new_privileges;
  };

  # The log of a container is in its memory.
  journal = "RuntimeMaxUse=16M";
in
{
  config = mkMerge (mapAttrsToList option {
    "boot.enableContainers" = false;
    "environment.defaultPackages" = [ ];
    "fonts.enableDefaultPackages" = graphical;
    "fonts.fontconfig.enable" = graphical;
    # The qube says whom to ask for names, if anybody.
    "networking.resolvconf.enable" = false;
    "programs.command-not-found.enable" = false;
    "programs.less.lessopen" = null;
    "security.enableWrappers" = !declared.hardening.no_new_privileges;
    "services.journald.storage" = if log then "persistent" else "volatile";
    # What there is to rotate is the journal's; and it refuses a configuration that is not root's,
    # as everything in a store is whose owners are not mapped.
    "services.logrotate.enable" = false;
    "system.disableInstallerTools" = true;
    # A container whose system changes starts anew.
    "system.switch.enable" = false;
    "systemd.coredump.enable" = false;
    "systemd.oomd.enable" = false;
    "xdg.autostart.enable" = graphical;
    # The menu of the qube shows them.
    "xdg.icons.enable" = declared.desktop != { };
    "xdg.menus.enable" = graphical;
    "xdg.mime.enable" = graphical;
    "xdg.sounds.enable" = graphical;
  } ++ [
    { systemd.services = mapAttrs (_: enable: { enable = weak enable; }) units; }
    # Nobody is at its console; NixOS has it on in containers.
    { systemd.services.console-getty.enable = lib.mkOverride 900 false; }
    # There are no more groups than these in a user namespace, and more are refused.
    { boot.kernel.sysctl."net.ipv4.ping_group_range" = lib.mkOverride 900 "0 65535"; }
    # Else logind is what starts it: now the first who asks for the bus does.
    { systemd.sockets.dbus.wantedBy = [ "sockets.target" ]; }
    # Nobody is there who could be asked.
    { systemd.paths = lib.genAttrs [ "systemd-ask-password-console" "systemd-ask-password-wall" ] (_: { enable = weak false; }); }
    # Of a container in which nobody else sees to that; who is asked can change while it runs.
    (mkIf (declared.hardening.network == "qube" && config.networking.useHostResolvConf && !config.networking.resolvconf.enable) {
      systemd.tmpfiles.rules = [ "L+ /etc/resolv.conf - - - - /run/tesseraqt/names/resolv.conf" ];
    })
    # Before what a person says, which then counts.
    (optionalAttrs (hasAttrByPath [ "services" "journald" "extraConfig" ] options) {
      services.journald.extraConfig = lib.mkBefore journal;
    })
    # Who turns it off gets by without the names that only it knows.
    (mkIf (!(config.services.nscd.enable or true)) { system.nssModules = lib.mkForce [ ]; })
  ]);
}
