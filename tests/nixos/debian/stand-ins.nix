# SPDX-License-Identifier: MIT
# What NixOS looks into although nothing of it is needed here: the kernel, languages, a compiler.
{ lib, pkgs, stub, builders, platform }:
let
  kernel = stub.plain {
    version = "6.12.0";
    modDirVersion = "6.12.0";
    kernelOlder = lib.versionOlder "6.12.0";
    kernelAtLeast = lib.versionAtLeast "6.12.0";
    features = { };
    config = {
      isYes = _: true;
      isNo = _: false;
      isEnabled = _: true;
      isDisabled = _: false;
      isModule = _: true;
      isSet = _: true;
    };
    target = "bzImage";
  } "linux";
  kernelPackages = lib.makeExtensible (_: {
    inherit kernel;
    inherit (pkgs) stdenv;
    kernelOlder = lib.versionOlder "6.12.0";
    kernelAtLeast = lib.versionAtLeast "6.12.0";
  });

  cc = stub.plain { libc = pkgs.glibc; bintools.dynamicLinker = "/lib64/ld-linux-x86-64.so.2"; targetPrefix = ""; isGNU = true; isClang = false; } "gcc";

  # Programs that are called while a system is built, or have to be there, and do nothing.
  idle = result: name: programs: more: stub.wrapped { } name (builders.runCommand name { } ''
    mkdir -p $out/bin
    for program in ${toString programs}; do
      ln -s ${pkgs.coreutils}/bin/${result} $out/bin/$program
    done
    ${more}
  '');

  stdenv = {
    inherit (builders) mkDerivation;
    inherit (platform) system isLinux isx86_64 isi686 isAarch64 is64bit isDarwin;
    inherit cc;
    hostPlatform = platform;
    buildPlatform = platform;
    targetPlatform = platform;
    shell = pkgs.runtimeShell;
    name = "stdenv";
  };
in
{
  inherit stdenv;
  stdenvNoCC = stdenv;
  linuxPackages = kernelPackages;
  linuxPackages_latest = kernelPackages;
  linuxPackagesFor = _: kernelPackages;
  linuxKernel.packages = { };
  perlPackages = lib.genAttrs [ "FileSlurp" "ConfigIniFiles" "NetDBus" "XMLParser" "XMLTwig" "JSON" "LocaleGettext" ] (name: stub.plain { } name) // {
    makePerlPath = _: "";
    makeFullPerlPath = _: "";
  };
  aggregateModules = _: stub.plain { } "kernel-modules";
  srcOnly = _: stub.plain { } "source";
  makeModulesClosure = _: stub.plain { } "kernel-modules";
  compressFirmwareXz = lib.id;
  compressFirmwareZstd = lib.id;
  nixos-artwork = { };
  nixosTests = { };
  writers.writeNginxConfig = builders.writeText;
  testers = { };
  libxcrypt = stub.plain { enabledCryptSchemeIds = [ "y" "gy" "7" "2b" "2y" "2a" "6" ]; } "libxcrypt";
  addDriverRunpath = stub.plain { driverLink = "/run/opengl-driver"; } "add-driver-runpath";
  makeFontsConf = _: builders.writeText "fonts.conf" "<fontconfig></fontconfig>";
  makeFontsCache = _: stub.plain { } "fc-cache";
  nixos-container = stub.plain { } "nixos-container";
  # Its file is checked while a system is built.
  sudo = idle "false" "sudo" [ "sudo" "sudoedit" ] "ln -s ${pkgs.coreutils}/bin/true $out/bin/visudo; ln -s bin $out/sbin";
  shared-mime-info = idle "true" "shared-mime-info" [ "update-mime-database" ] "";
  desktop-file-utils = idle "true" "desktop-file-utils" [ "update-desktop-database" ] "";
  gtk3 = idle "true" "gtk3" [ "gtk-update-icon-cache" ] "";
  fuse = idle "false" "fuse" [ "fusermount" ] "";
  fuse3 = idle "false" "fuse3" [ "fusermount3" ] "";
  vim = stub.plain { customize = _: pkgs.vim; } "vim";
}
// lib.genAttrs [ "nano" "rsync" "strace" "hello" "git" ] (stub.plain { })
