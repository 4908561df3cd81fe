# SPDX-License-Identifier: MIT
# What is declared of a container is what it gets: neither a module nor option data of its root, nor
# the root's own configuration, takes its hardening back unseen by dom0. Told with who does it.
{ config, lib, modulesPath, options, pkgs }:
let
  inherit (lib) any attrNames concatMap elem filter hasPrefix optional;

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

  utils = import (modulesPath + "/../lib/utils.nix") { inherit config lib pkgs; };
  units = import ./touched-units.nix {
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

  # Who overrides all of an option that tesseraqt defines something of, which then is gone.
  overrides = option:
    let
      overriders = filter foreign option.definitionsWithLocations;
    in
    optional ((option.highestPrio or 100) < 100 && overriders != [ ])
      "${lib.showOption option.loc}: ${by overriders}: overrides all of it, and what tesseraqt makes of ${all}";
  # Who takes away what is refused: all, or what becomes of it.
  silenced =
    let
      option = options.assertions;
      definers = filter foreign option.definitionsWithLocations ++ declarers option;
      lost = declarers option != [ ] || !any ours option.definitionsWithLocations;
    in
    if overrides option != [ ] then overrides option
    else optional lost "${lib.showOption option.loc}: ${by definers}: takes away what tesseraqt refuses";

  # The files here that confine a container. Each defines something in one of these, if only nothing
  # at all; one that does not was disabled.
  parts = [ "api" "assertions" "container" "desktop" "display" "hardening" "network" "slot" "state" "tmpfs" ];
  defined = concatMap (option: map (definition: toString definition.file) option.definitionsWithLocations)
    [ options.assertions options.containers options.systemd.services options.systemd.sockets ];
  gone = concatMap
    (part: optional (!elem (toString ./. + "/${part}.nix") defined) "disabledModules: takes away ${part}.nix, which makes ${all} what they are")
    parts;

  # The flags of containers, the service that takes their calls, and drop-ins of their units.
  etc = named options.environment.etc ours ++ map (name: "nixos-containers/${name}.conf") containers;
  file = name: config.environment.etc.${name}.target or name;
  inEtc = name: elem (file name) etc || units.places (file name);

  variables = import ./touched-manager.nix {
    inherit config lib options pkgs;
    watch = { inherit all by file foreign kept; };
  };

  network = import ./touched-network.nix {
    inherit config lib options;
    watch = { inherit all by foreign kept; };
  };

  carrier = name: name == "tesseraqt";

  # Only the document says anything below `tesseraqt`.
  declared = map
    (option: {
      at = lib.showOption option.loc;
      definers = declarers option ++ filter (definition: !ours definition) option.definitionsWithLocations;
    })
    (lib.collect lib.isOption (lib.removeAttrs options.tesseraqt [ "_module" ]));
  words = definition: if lib.isAttrs (definition.value or null) then attrNames definition.value else [ ];
  undeclared = concatMap
    (found: optional (found.definers != [ ])
      "${found.at}: ${by found.definers}: is declared in pillar, and nowhere else (${toString (concatMap words found.definers)})")
    declared;
in
{
  # To be told outside of what it is about.
  overridden = lib.optionals (containers != [ ]) (if silenced != [ ] then silenced else gone);
  problems =
    undeclared
    ++ lib.optionals (containers != [ ]) (
      redeclared
      ++ concatMap overrides (units.options ++ [ options.containers options.environment.etc options.users.users options.users.groups ])
      ++ concatMap settings containers
      ++ units.problems
      ++ kept "environment.etc" options.environment.etc inEtc
      ++ variables
      ++ network
      ++ kept "users.users" options.users.users carrier
      ++ kept "users.groups" options.users.groups carrier
    );
  checks = lib.optionals (containers != [ ]) units.checks;
}
