# SPDX-License-Identifier: MIT
# What is declared of a container is what it gets: neither a module nor option data of its root, nor
# the root's own configuration, takes its hardening back unseen by dom0. Told with who does it.
{ config, lib, modulesPath, options, pkgs, utils, ... }:
let
  inherit (lib) attrNames concatMap filter hasInfix hasPrefix optional;

  containers = attrNames config.tesseraqt.containers;

  below = place: file: hasPrefix "${toString place}/" "${toString file}/";
  ours = definition: below ./. definition.file;
  foreign = definition: !ours definition && !below modulesPath definition.file;
  # Option data, in which nothing of a container has a place.
  data = definition: definition.file == "tesseraqt.root.config";
  by = definitions: lib.concatMapStringsSep ", " toString (lib.unique (map (definition: definition.file) definitions));
  # Who declares an option once more, which can change every value of it.
  declarers = option: filter foreign (map (file: { inherit file; }) option.declarations);

  defining = option: name: filter (definition: definition.value ? ${name}) option.definitionsWithLocations;
  only = name: map (definition: definition // { value = { ${name} = definition.value.${name}; }; });

  who = option: name: filter foreign (defining option name);
  # The value that an option of attributes of this type has without the definitions that do not fit.
  without = type: option: fits: name: (type.merge option.loc (only name (filter fits (defining option name)))).${name} or null;
  # The names that those who fit define.
  named = option: fits: lib.unique (concatMap (definition: attrNames definition.value) (filter fits option.definitionsWithLocations));

  change = at: definers: changed:
    "${at}: ${by definers}: changes what tesseraqt makes of it (${if changed == [ ] then "by option data" else toString changed})";
  all = "the containers ${toString containers}";

  units = import ./untouched-units.nix {
    inherit config lib options pkgs utils;
    watch = { inherit all by change data declarers foreign named ours who without; };
  };

  # What may be added to a container, by those who write Nix.
  free = [ "_module" "bindMounts" "config" "flake" "nixpkgs" "path" "pkgs" "restartIfChanged" "specialArgs" "timeoutStartSec" ];
  checked = lib.subtractLists free (attrNames (options.containers.type.getSubOptions [ ]));
  differs = one: other: filter (key: (one.${key} or null) != (other.${key} or null));

  settings = name:
    let
      alone = without options.containers.type options.containers ours name;
      changed = if alone == null then [ "all of it" ] else differs config.containers.${name} alone checked;
      definers = filter (definition: data definition || changed != [ ]) (who options.containers name);
    in
    optional (changed != [ ] || definers != [ ]) (change "containers.${name}" definers changed);

  redeclared =
    let
      definers = declarers options.containers;
    in
    optional (definers != [ ]) "containers: ${by definers}: declares options of ${all}";

  # What holds something of the containers by name, and is nobody else's.
  kept = at: option: fits:
    concatMap
      (name: optional (fits name) "${at}.${name}: ${by (who option name)}: holds what tesseraqt makes of ${units.whoseFile name}")
      (named option foreign);

  # The flags of containers, the service that takes their calls, and drop-ins of their units.
  etc = named options.environment.etc ours ++ map (name: "nixos-containers/${name}.conf") containers;
  file = name: config.environment.etc.${name}.target or name;
  inEtc = name: lib.elem (file name) etc || units.places (file name);

  # What bash, and what starts a container, take from where they were started.
  variable = name: builtins.match "BASH_ENV|extraFlags|SYSTEMD_(NSPAWN_.*|SECCOMP)" name != null;

  # The table of network.nft; NixOS would put another one of that name in its place.
  nftables = options.networking.nftables;
  table = name: (config.networking.nftables.tables.${name}).name == "tesseraqt";
  rules = filter (definition: foreign definition && hasInfix "inet tesseraqt" (toString definition.value)) nftables.ruleset.definitionsWithLocations;
  network =
    kept "networking.nftables.tables" (nftables.tables or { definitionsWithLocations = [ ]; }) table
    ++ optional (rules != [ ]) "networking.nftables.ruleset: ${by rules}: holds what tesseraqt makes of ${all}";

  carrier = name: name == "tesseraqt";

  # Only the document says anything below `tesseraqt`.
  declared = map
    (option: {
      at = lib.showOption option.loc;
      definers = declarers option ++ filter (definition: !ours definition) option.definitionsWithLocations;
    })
    (lib.collect lib.isOption (lib.removeAttrs options.tesseraqt [ "_module" ]));
  said = definition: if lib.isAttrs (definition.value or null) then attrNames definition.value else [ ];
  undeclared = concatMap
    (found: optional (found.definers != [ ])
      "${found.at}: ${by found.definers}: is declared in pillar, and nowhere else (${toString (concatMap said found.definers)})")
    declared;
in
{
  assertions = map (message: { assertion = false; inherit message; }) (
    undeclared
    ++ lib.optionals (containers != [ ]) (
      redeclared
      ++ concatMap settings containers
      ++ units.problems
      ++ kept "environment.etc" options.environment.etc inEtc
      ++ kept "systemd.globalEnvironment" options.systemd.globalEnvironment variable
      ++ network
      ++ kept "users.users" options.users.users carrier
      ++ kept "users.groups" options.users.groups carrier
    )
  );
  system.checks = lib.mkIf (containers != [ ]) units.checks;
}
