# SPDX-License-Identifier: MIT
# The /etc/nixos/configuration.nix of a template: a NixOS with what plays Qubes in it. The machine
# is a container of the test's, so that it has no kernel, no loader and no network to set up.
{ lib, pkgs, ... }:
let
  played = pkgs.runCommand "qubes" { } ''
    mkdir -p $out/bin
    cp ${./qube_programs}/* $out/bin
    chmod +x $out/bin/*
    sed -i "1s:.*:#!${pkgs.runtimeShell}:" $out/bin/*
  '';

  once = description: ExecStart: more: {
    inherit description;
    wantedBy = [ "multi-user.target" ];
    serviceConfig = { inherit ExecStart; Type = "oneshot"; RemainAfterExit = true; };
  } // more;
in
{
  boot.kernel.enable = false;
  boot.initrd.enable = false;
  boot.loader.grub.enable = false;
  boot.loader.initScript.enable = true;
  boot.modprobeConfig.enable = false;
  boot.specialFileSystems = lib.mkForce { };
  fileSystems."/" = { device = "none"; fsType = "none"; };
  networking = {
    dhcpcd.enable = false;
    firewall.enable = false;
    resolvconf.enable = false;
    hostName = "";
  };
  documentation.enable = false;
  nix.settings.sandbox = false;
  environment.etc."resolv.conf".text = "";
  environment.systemPackages = [ played pkgs.curl pkgs.procps pkgs.xauth pkgs.xvfb pkgs.xwininfo ];
  environment.variables.NIX_REMOTE = lib.mkForce "";
  services.lvm.enable = false;
  services.timesyncd.enable = false;
  # The X server was built to find it there.
  systemd.tmpfiles.rules = [ "L+ /usr/bin/xkbcomp - - - - ${pkgs.xkbcomp}/bin/xkbcomp" ];
  users.groups.qubes = { };
  users.users.user = { isNormalUser = true; uid = 1000; extraGroups = [ "qubes" ]; };
  system.stateVersion = "24.11";

  systemd.services = {
    qubes-db = once "Qubes DB agent" "${pkgs.coreutils}/bin/true" {
      wantedBy = [ "sysinit.target" ];
      unitConfig.DefaultDependencies = false;
    };
    qubes-sysinit = once "Init Qubes Services settings" "${played}/bin/qubes-sysinit" {
      wantedBy = [ "sysinit.target" ];
      after = [ "qubes-db.service" "systemd-tmpfiles-setup.service" ];
      unitConfig.DefaultDependencies = false;
    };
    qubes-mount-dirs = once "Initialize and mount /rw and /home" "${pkgs.coreutils}/bin/true" { };
  };
}
