# SPDX-License-Identifier: MIT
# What the tests look at, of one root with the tree in `tree`, on a NixOS with what a template
# of Qubes brings along (`template`: a module; `version`: its state version, null if it sets none).
{ nixpkgs, tree, template ? { }, version ? "24.11" }:
let
  root = import (nixpkgs + "/nixos") {
    system = "x86_64-linux";
    configuration = {
      imports = [ (tree + "/nixos") template ];
      boot.loader.grub.enable = false;
      documentation.enable = false;
      fileSystems."/" = { device = "/dev/mapper/dmroot"; fsType = "ext4"; };
      system = if version == null then { } else { stateVersion = version; };
    };
  };
  inherit (root) config;
  refused = import (tree + "/nixos/refused.nix") root;
  inherit (root.pkgs) lib;

  names = lib.attrNames config.tesseraqt.containers;
  ours = lib.filterAttrs (name: _: lib.hasPrefix "tesseraqt-" name || lib.any (known: name == "container@${known}.service") names);
  unit = found: { inherit (found) text wantedBy requiredBy; };
  failed = found: map (one: one.message) (lib.filter (one: !one.assertion) found.assertions);

  guest = name:
    let
      inside = config.containers.${name}.config;
    in
    {
      toplevel = inside.system.build.toplevel.drvPath;
      failed = failed inside;
      inherit (inside) warnings;
      units = lib.mapAttrs (_: unit) (lib.filterAttrs (known: _: lib.hasPrefix "tesseraqt-" known) inside.systemd.units);
      users = lib.mapAttrs (_: user: { inherit (user) uid home extraGroups; }) (lib.filterAttrs (_: user: user.isNormalUser) inside.users.users);
      packages = map lib.getName inside.environment.systemPackages;
      links = inside.systemd.tmpfiles.rules;
      firewall = inside.networking.firewall.enable;
      nix = inside.nix.enable;
      off = lib.attrNames (lib.filterAttrs (_: unit: !unit.enable) inside.systemd.units);
      # In which order it is activated.
      before_users = inside.system.activationScripts.users.deps;
      journal = inside.environment.etc."systemd/journald.conf".text;
      names = inside.system.nssModules.path;
      icons = inside.xdg.icons.enable;
      fonts = inside.fonts.fontconfig.enable;
      font_packages = map lib.getName inside.fonts.packages;
      logrotate = inside.services.logrotate.enable;
      resolvconf = inside.networking.resolvconf.enable;
      sudo = inside.security.sudo.enable;
      inherit (inside.system) stateVersion;
      documentation = inside.documentation.enable;
      hosts = inside.networking.hosts."127.0.0.2" or [ ];
    };
in
{
  toplevel = refused.toplevel.drvPath;
  failed = failed config ++ refused.unsaid;
  # What has to be built before it.
  checks = map (check: { name = check.drvPath; inherit (check) buildCommand; }) (refused.toplevel.drvAttrs.tesseraqtChecks or [ ]);
  inherit (config) warnings;
  flags = lib.mapAttrs (_: cfg: cfg.flag) config.tesseraqt.containers;
  inherit (config.tesseraqt) dropped;
  units = lib.mapAttrs (_: unit) (ours config.systemd.units);
  confs = lib.genAttrs names (name: config.environment.etc."nixos-containers/${name}.conf".text);
  prepares = lib.genAttrs names (name: config.systemd.services."container@${name}".preStart);
  starts = lib.genAttrs names (name: config.systemd.services."container@${name}".script);
  states = lib.mapAttrs (_: service: service.script)
    (lib.filterAttrs (name: _: lib.hasPrefix "tesseraqt-state-" name) config.systemd.services);
  packages = map lib.getName config.environment.systemPackages;
  tmpfiles = config.systemd.tmpfiles.rules;
  hosts = config.networking.hosts."127.0.0.2" or [ ];
  forwarding = config.boot.kernel.sysctl."net.ipv4.conf.all.forwarding" or null;
  inotify = config.boot.kernel.sysctl."fs.inotify.max_user_instances" or null;
  # All slots, as CONTAINER/SLOT.
  slots = lib.concatLists (lib.mapAttrsToList (name: cfg: map (slot: "${name}/${slot}") (lib.attrNames cfg.consumes))
    (config.tesseraqt.containers // { qube = config.tesseraqt.root; }));
  limits = (import (tree + "/nixos/units.nix") { inherit lib; }).limits config.tesseraqt;
  # Where qrexec is told of services.
  rpc = {
    etc = lib.filter (lib.hasPrefix "qubes-rpc") (lib.attrNames config.environment.etc);
    packages = map lib.getName (config.services.qubes.qrexec.packages or [ ] ++ config.services.qubes.extraPackages or [ ]);
  };
  # Those that are in the store already are not evaluated, and have nothing to look at.
  guests = lib.genAttrs (lib.filter (name: !(config.tesseraqt.built ? ${name})) names) guest;
}
