# SPDX-License-Identifier: MIT
# What is declared of a container is what it gets: neither a module nor option data of its root, nor
# the root's own configuration, takes its hardening back unseen by dom0. Told with who does it.
{ config, lib, modulesPath, options, ... }:
let
  inherit (lib) any attrNames concatMap filter hasPrefix optional;

  containers = config.tesseraqt.containers;

  below = place: definition: hasPrefix "${toString place}/" "${toString definition.file}/";
  ours = below ./.;
  foreign = definition: !ours definition && !below modulesPath definition;
  # Option data, in which nothing of a container has a place.
  data = definition: definition.file == "tesseraqt.root.config";
  by = definitions: lib.concatMapStringsSep ", " (definition: toString definition.file) definitions;

  # The value that an option of attributes has without the definitions that do not fit.
  without = option: fits: name:
    let
      named = filter (definition: fits definition && definition.value ? ${name}) option.definitionsWithLocations;
      only = definition: definition // { value = { ${name} = definition.value.${name}; }; };
    in
    (option.type.merge option.loc (map only named)).${name} or null;
  who = option: name: filter (definition: foreign definition && definition.value ? ${name}) option.definitionsWithLocations;

  # What may be added to a container, by those who write Nix.
  free = [ "_module" "bindMounts" "config" "flake" "nixpkgs" "path" "pkgs" "restartIfChanged" "specialArgs" "timeoutStartSec" ];
  checked = lib.subtractLists free (attrNames (options.containers.type.getSubOptions [ ]));
  differs = one: other: filter (key: (one.${key} or null) != (other.${key} or null));

  change = at: definers: changed:
    "${at}: ${by definers}: changes what tesseraqt makes of it (${if changed == [ ] then "by option data" else toString changed})";

  settings = name:
    let
      alone = without options.containers ours name;
      changed = if alone == null then [ "all of it" ] else differs config.containers.${name} alone checked;
      definers = filter (definition: data definition || changed != [ ]) (who options.containers name);
    in
    optional (changed != [ ] || definers != [ ]) (change "containers.${name}" definers changed);

  # Limits and devices, and the flags by the way that they come in.
  confining = [ "CPUQuota" "DeviceAllow" "DevicePolicy" "EnvironmentFile" "ExecReload" "ExecStart" "MemoryMax" "TasksMax" ];
  units = name:
    let
      unit = "container@${name}";
      definers = who options.systemd.services unit;
      alone = without options.systemd.services (definition: !foreign definition) unit;
      changed = differs config.systemd.services.${unit}.serviceConfig alone.serviceConfig confining;
    in
    optional (definers != [ ] && (any data definers || changed != [ ])) (change "systemd.services.${unit}" definers changed);

  files = name:
    let
      file = "nixos-containers/${name}.conf";
      definers = who options.environment.etc file;
    in
    optional (definers != [ ]) "environment.etc.${file}: ${by definers}: holds what tesseraqt makes of the container ${name}";

  # Only the document says anything below `tesseraqt`.
  declared = map
    (option: {
      at = lib.showOption option.loc;
      definers = filter (definition: !ours definition) option.definitionsWithLocations;
    })
    (lib.collect lib.isOption (lib.removeAttrs options.tesseraqt [ "_module" ]));
  named = definition: if lib.isAttrs definition.value then attrNames definition.value else [ ];
  undeclared = concatMap
    (found: optional (found.definers != [ ])
      "${found.at}: ${by found.definers}: is declared in pillar, and nowhere else (${toString (concatMap named found.definers)})")
    declared;
in
{
  assertions = map (message: { assertion = false; inherit message; }) (
    undeclared ++ concatMap (name: settings name ++ units name ++ files name) (attrNames containers)
  );
}
