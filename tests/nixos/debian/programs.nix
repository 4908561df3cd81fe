# SPDX-License-Identifier: MIT
# The packages that have programs: Debian's, by programs.json, and the few that need more than that.
{ lib, pkgs, stub, builders, debian, units }:
let
  package = more: name: debs: stub.wrapped (more.extra or { }) name (
    builders.runCommand name (removeAttrs more [ "extra" "script" ] // { inherit debs; }) (
      builtins.readFile ./package.sh + more.script or ""
    )
  );

  capable = lib.genAttrs (map (name: "with${name}") [
    "Analyze" "Compression" "Coredump" "Cryptsetup" "Efi" "Fido2" "Homed" "Hostnamed" "Hwdb" "Importd" "Localed"
    "Logind" "Machined" "Networkd" "Nspawn" "Oomd" "Pam" "Polkit" "Portabled" "Remote" "Repart" "Resolved"
    "Sysupdate" "Sysusers" "Timedated" "Timesyncd" "UserDb" "LibBPF" "Acl" "Kmod" "Libseccomp"
  ]) (_: true)
  // lib.genAttrs [ "withUtmp" "withBootloader" "withTpm2Tss" "withTpm2Units" "withUkify" "withSelinux" ] (_: false);

  # Where a package has to be more than links.
  special = {
    bash = { extra.shellPath = "/bin/bash"; script = "ln -s bash $out/bin/sh\n"; };
    bashInteractive = special.bash;
    dbus.script = ''
      mkdir -p $out/libexec
      ln -s ${debian}/usr/lib/dbus-1.0/dbus-daemon-launch-helper $out/libexec/
    '';
    gawk.script = "ln -s gawk $out/bin/awk\n";
    glibc.extra.getent = pkgs.getent;
    # Its temporary files are below a directory that Debian's package makes: here, where NixOS has one.
    nginx = {
      script = ''
        ln -s etc/nginx $out/conf
        rm $out/bin/nginx
        sed s,/var/lib/nginx/,/run/nginx/////,g ${debian}/usr/sbin/nginx > $out/bin/nginx
        chmod +x $out/bin/nginx
      '';
      extra.modules = [ ];
    };
    # Debian has a group for those who may speak to its daemon.
    nix = {
      script = ''
        rm $out/lib/tmpfiles.d/*
        echo 'd /nix/var/nix/daemon-socket 0755 root root - -' > $out/lib/tmpfiles.d/nix-daemon.conf
      '';
      extra.version = "2.26.3";
    };
    perl.extra = {
      withPackages = _: pkgs.perl;
      libPrefix = "lib/perl5/site_perl";
      pkgs = pkgs.perlPackages;
    };
    postgresql.extra = {
      version = "17.6";
      psqlSchema = "17";
      withJIT = pkgs.postgresql;
      withoutJIT = pkgs.postgresql;
      jitSupport = false;
      pkgs = { };
    };
    shadow.extra = { shellPath = "/bin/nologin"; su = pkgs.shadow; };
    systemd = {
      inherit units;
      nspawn = pkgs.replaceVars ./nspawn.sh { inherit debian; bash = "${debian}/usr"; };
      script = builtins.readFile ./systemd.sh;
      extra = capable // {
        version = "257";
        interfaceVersion = 2;
        inherit (pkgs) util-linux kmod;
        kbd = pkgs.kbd;
      };
    };
  };

in
lib.mapAttrs (name: package (special.${name} or { }) name) (lib.importJSON ./programs.json)
// {
  runtimeShell = "${pkgs.bash}/bin/bash";
  runtimeShellPackage = pkgs.bash;
  bashNonInteractive = pkgs.bash;
  udev = pkgs.systemd;
  systemdMinimal = pkgs.systemd;
  systemdLibs = pkgs.systemd;
  postgresql_17 = pkgs.postgresql;
  postgresql_16 = pkgs.postgresql;
  postgresql_15 = pkgs.postgresql;
  nginxStable = pkgs.nginx;
  util-linuxMinimal = pkgs.util-linux;
  xorg = (stub.named "xorg" [ ]) // { inherit (pkgs) xauth xhost xdpyinfo xclock lndir; };
  nixVersions = { stable = pkgs.nix; latest = pkgs.nix; };

  lndir = builders.writeShellScriptBin "lndir" ''cp -rs --update=none "$(realpath "$1")/." "''${2:-.}"'';
  # As a service: NixOS waits for it to be ready.
  nsncd = builders.writeShellScriptBin "nsncd" "exec ${pkgs.systemd}/bin/systemd-notify --ready --exec \\; ${pkgs.coreutils}/bin/sleep infinity";
  mailcap = builders.runCommand "mailcap" { } ''
    mkdir -p $out/etc/nginx
    ln -s ${debian}/etc/nginx/mime.types $out/etc/nginx
  '';
  iana-etc = builders.runCommand "iana-etc" { } ''
    mkdir -p $out/etc
    cp ${debian}/etc/protocols ${debian}/etc/services $out/etc
  '';
  cacert = stub.wrapped { p11kit = pkgs.cacert; hashed = pkgs.cacert; unbundled = pkgs.cacert; } "cacert" (builders.runCommand "cacert" { } ''
    mkdir -p $out/etc/ssl/certs
    cat ${debian}/usr/share/ca-certificates/mozilla/*.crt > $out/etc/ssl/certs/ca-bundle.crt
    cp $out/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
  '');
  makeDBusConf = { suidHelper, serviceDirectories, ... }: builders.runCommand "dbus-1" { directories = map toString serviceDirectories; } ''
    mkdir -p $out
    for kind in system session; do
      {
        echo '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd"><busconfig>'
        for directory in $directories; do
          echo "<servicedir>$directory/share/dbus-1/$kind-services</servicedir>"
          for place in etc share; do
            echo "<includedir>$directory/$place/dbus-1/$kind.d</includedir>"
          done
        done
        [ "$kind" = session ] || echo '<servicehelper>${suidHelper}</servicehelper>'
        echo '</busconfig>'
      } > $out/$kind.conf
    done
  '';
}
