# SPDX-License-Identifier: MIT
# In a container: what it keeps is where its services look for it, and belongs to whom it should.
{ name, rootHasVersion }:
{ config, declared, lib, options, ... }:
let
  inherit (lib) attrNames concatMap filter findFirst hasPrefix mapAttrsToList optional;

  inherit (config.users) groups users;
  kept = declared.state;
  paths = attrNames kept;
  homes = import ./homes.nix { inherit lib; people = filter (user: user.isNormalUser) (lib.attrValues users); };

  # What systemd has in a directory of that name below the second, and with DynamicUser below
  # `private` in there, to which it makes a link; where a directory is mounted, it cannot.
  tops = { StateDirectory = "/var/lib"; CacheDirectory = "/var/cache"; LogsDirectory = "/var/log"; };
  yes = value: lib.elem (lib.toLower (toString value)) [ "1" "on" "t" "true" "y" "yes" ];
  # The part before what is known only to a running unit.
  known = text: lib.removeSuffix "/" (lib.head (lib.splitString "%" text));
  directories = unit: service: key:
    let
      named = lib.replaceStrings [ "%N" "%p" ] [ unit (lib.head (lib.splitString "@" unit)) ];
      words = concatMap (lib.splitString " ") (lib.toList (service.serviceConfig.${key} or [ ]));
      said = map (word: known (named (lib.head (lib.splitString ":" word)))) words;
    in
    map (directory: { inherit directory; top = tops.${key}; }) (filter (directory: directory != "") said);
  dynamic = lib.filterAttrs (_: service: yes (service.serviceConfig.DynamicUser or false)) config.systemd.services;
  private = lib.unique (concatMap
    (unit: concatMap (directories unit dynamic.${unit}) (attrNames tops))
    (attrNames dynamic));
  public = found: "${found.top}/${found.directory}";
  behind = top: path: "${top}/private${lib.removePrefix top path}";

  # Where a kept directory is mounted.
  place = path:
    let
      found = findFirst (one: hasPrefix "${public one}/" "${path}/") null private;
    in
    if found == null then path else behind found.top path;
  # Below a kept directory there would be only the links.
  besides = path:
    let
      inner = filter (one: hasPrefix "${path}/" (public one) && !hasPrefix "${path}/" "${one.top}/private/") private;
    in
    lib.unique (map (one: behind one.top path) inner);

  mounts = lib.genAttrs paths place // lib.genAttrs (concatMap besides paths) lib.id;
  twice = filter (path: lib.count (other: other == path) (lib.attrValues mounts) > 1) (lib.unique (lib.attrValues mounts));

  # As declared, or else as the home that it is in.
  rule = path: said:
    let
      home = homes.owner path;
      user = if said.user != null then said.user else if home != null then home.name else "-";
      group =
        if said.group != null then said.group
        else if users ? ${user} then users.${user}.group
        else "-";
      mode = if said.mode != null then said.mode else "-";
    in
    homes.above path ++ optional (user != "-" || group != "-" || mode != "-") "d ${place path} ${mode} ${user} ${group} - -";

  at = "tesseraqt.containers.${name}.state";
  refuse = message: { assertion = false; message = "${at}${message}"; };
  unknown = path: said:
    optional (said.user != null && !(users ? ${said.user})) (refuse ".${path}.user: the container has no user ${said.user}")
    ++ optional (said.group != null && !(groups ? ${said.group})) (refuse ".${path}.group: the container has no group ${said.group}");

  # By what NixOS takes it to be a default: it would be that of the next release with the next release.
  versionless = !rootHasVersion && options.system.stateVersion.highestPrio >= (lib.mkDefault null).priority;
in
lib.mkIf (kept != { }) {
  assertions =
    lib.concatLists (mapAttrsToList unknown kept)
    ++ map (path: refuse ": what is kept twice is one directory: ${path}") twice
    ++ optional versionless (refuse ": neither the container nor its root sets system.stateVersion, so that a later NixOS would look elsewhere for what is kept: say `config: {system.stateVersion: \"${config.system.stateVersion}\"}`");

  # What the qube, which makes and mounts the directories, has to know of this system.
  environment.etc."tesseraqt/kept.json".text = builtins.toJSON {
    inherit mounts;
    inherit (config.system) stateVersion;
  };

  # Before those of services, of two for the same directory the first counts.
  systemd.tmpfiles.rules = lib.mkBefore (lib.unique (lib.concatLists (mapAttrsToList rule kept)));
}
