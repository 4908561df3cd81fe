# SPDX-License-Identifier: MIT
# Part of every NixOS that this nixpkgs makes, of qubes and of containers: what it takes to run
# Debian's programs, which are linked to the loader and the libraries of their own tree.
{ config, lib, pkgs, ... }:
let
  debian = lib.fileContents ./debian;
in
{
  config = {
    environment.ldso = "${debian}/usr/lib64/ld-linux-x86-64.so.2";
    environment.stub-ld.enable = false;
    i18n.defaultLocale = lib.mkDefault "C.UTF-8";
    # The other one is a program that Debian does not have.
    system.switch = { enable = true; enableNg = false; };
    system.activationScripts.debian = ''
      mkdir -p /usr/bin
      ln -sfn ${debian}/usr/lib /usr/lib
      ln -sfn ${debian}/usr/share /usr/share
      # systemd was built to find these here.
      ln -sfn ${pkgs.util-linux}/bin/mount ${pkgs.util-linux}/bin/umount /usr/bin/
    '';
    # It is named without a path, which Debian's systemd would look for in /usr/bin.
    systemd.services.systemd-tmpfiles-resetup.serviceConfig.ExecStart =
      lib.mkForce "${pkgs.systemd}/bin/systemd-tmpfiles --create --remove --exclude-prefix=/dev";
    # A root must not lose what its programs run with.
    system.extraDependencies = [ (builtins.storePath debian) ];
  };
}
