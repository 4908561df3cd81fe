# SPDX-License-Identifier: MIT
# Of the units that tesseraqt makes, whichever these are, nothing is taken away by a root, and
# nothing changed that confines a container. What a root may do: have them start after, before, with
# or without others in addition; log in another way; wait longer; and add limits to those there are.
{ config, lib, options, pkgs, utils, watch }:
let
  inherit (lib) attrNames concatMap elem filter head optional splitString unique;
  inherit (watch) all by change data declarers foreign named ours who;

  # As NixOS has them, whoever declares more in them.
  types = utils.systemdUtils.types;
  kinds = filter (kind: options.systemd ? ${kind}) [ "paths" "services" "slices" "sockets" "targets" "timers" ];
  suffix = lib.removeSuffix "s";

  own = kind: named options.systemd.${kind} ours;
  # Whose drop-ins are read for a unit too: its template, and what its name begins with up to a
  # dash, of which instances have a template again (src/shared/dropin.c of systemd).
  template = name: optional (lib.hasInfix "@" name) "${head (splitString "@" name)}@";
  dashed = name:
    let
      parts = splitString "-" (head (splitString "@" name));
      begin = count: lib.concatStringsSep "-" (lib.take count parts) + "-";
    in
    concatMap (count: [ (begin count) ] ++ optional (lib.hasInfix "@" name) "${begin count}@") (lib.range 1 (lib.length parts - 1));
  watched = lib.genAttrs kinds (kind: unique (concatMap (name: [ name ] ++ template name ++ dashed name) (own kind)));
  fileOf = kind: name: "${name}.${suffix kind}";
  files = concatMap (kind: map (fileOf kind) watched.${kind}) kinds;
  # Each instance of these is watched; of container@, only those of declared containers.
  templates = filter (file: fits ".*@[.][a-z]+" file && !lib.hasPrefix "container@" file) files;
  # The template of an instance whose template is one of them, else the name itself.
  general = file:
    let
      found = builtins.match "([^@]*@).+([.][a-z]+)" file;
      name = lib.concatStrings found;
    in
    if found != null && elem name templates then name else file;
  # What is or becomes the file of one of them.
  isOne = file: elem (general file) files;
  # Where there is a file, or a drop-in, of one of them or of all of a kind.
  reached = file: isOne file || elem (general (lib.removeSuffix ".d" (head (splitString "/" file)))) (files ++ map suffix kinds);

  fits = pattern: text: builtins.match pattern text != null;
  section = { tuned, grown, added }: made: had: filter
    (key:
      let
        new = made.${key} or null;
        old = had.${key} or null;
      in
      new != old && !fits tuned key && !(
        if had ? ${key} then fits grown key && more new old
        else fits added key
      ))
    (unique (attrNames had ++ attrNames made));
  more = new: old: lib.subtractLists (words new) (words old) == [ ];
  words = value: filter (word: word != "") (splitString " " (toString value));

  order = "After|Before|BindsTo|Conflicts|PartOf|Requires|Requisite|(Requires|Wants)MountsFor|ReloadPropagatedFrom|Upholds|Wants";
  inUnit = section {
    tuned = "Description|Documentation|On(Failure|Success).*|X-.*";
    grown = order;
    added = "${order}|Assert.*|JobTimeout.*|StartLimit.*";
  };
  settings = section {
    tuned = "Log(Extra|Filter|Level|Rate).*|Nice|OOM.*|Restart.*|Slice|Syslog.*|Timeout.*|Watchdog.*";
    grown = "";
    added = "(Startup)?(Allowed|CPU|IO|Limit|ManagedOOM|Memory|Tasks).*|Backlog|KeepAlive.*|MaxConnections.*|PollLimit.*|RuntimeMaxSec|Standard(Error|Output)|Trigger.*";
  };
  variables = section { tuned = ""; grown = ""; added = ""; };
  # An address that is let through counts more than all that are not.
  addresses = had: key: !fits "IPAddress(Allow|Deny)" key || had ? IPAddressDeny;

  same = [ "aliases" "enable" "listenDatagrams" "listenStreams" "name" "overrideStrategy" "reloadIfChanged" "restartIfChanged" "stopIfChanged" "text" ];
  lists = [ "requiredBy" "upheldBy" "wantedBy" ];
  body = kind: "${suffix kind}Config";
  differences = kind: made: had:
    if had == null then [ "all of it" ] else
    filter (key: (made.${key} or null) != (had.${key} or null)) same
    ++ filter (key: !more (made.${key} or [ ]) (had.${key} or [ ])) lists
    ++ inUnit (made.unitConfig or { }) (had.unitConfig or { })
    ++ filter (addresses had.${body kind} or { }) (settings (made.${body kind} or { }) (had.${body kind} or { }))
    ++ map (key: "environment.${key}") (variables (made.environment or { }) (had.environment or { }));

  # Whose a unit is, by its name.
  whose = name:
    let
      rest = builtins.match "(container@|tesseraqt-[a-z]+-)([^.@]+)([.@].*)?" name;
      container = if rest == null then null else lib.elemAt rest 1;
    in
    if container == "qube" then "the qube itself"
    else if config.tesseraqt.containers ? ${toString container} then "the container ${container}"
    else all;

  problem = kind: option: name:
    let
      definers = who option name ++ declarers option;
      alone = watch.without types.${kind} option (definition: !foreign definition) name;
      changed = if option.value ? ${name} then differences kind option.value.${name} alone ++ optional (kind == "units" && given name) "unit" else [ ];
    in
    # What others declare of all units is told where it changes something.
    optional (definers != [ ] && (lib.any data definers || changed != [ ]))
      "${change "${lib.showOption option.loc}.${name}" definers changed}, which is of ${whose name}";

  # Of a kind, all that others say of one of them.
  seen = kind: unique (watched.${kind} ++ filter (name: isOne (fileOf kind name)) (named options.systemd.${kind} foreign));

  # Another unit can say that it is one of these.
  posing = option: known:
    let
      claimed = name: filter isOne ([ (option.value.${name}.name or "") ] ++ option.value.${name}.aliases or [ ]);
    in
    concatMap
      (name: map
        (file: "${lib.showOption option.loc}.${name}: ${by (who option name)}: is ${file}, which is of ${whose file}")
        (claimed name))
      (filter (name: !known name) (named option foreign));

  # What is in packages is seen once these are there: when the system is built.
  search = file: lib.escapeShellArgs [ "-name" file "-o" "-name" "${file}.d" "-o" "-lname" file "-o" "-lname" "*/${file}" ];
  searched = lib.intersperse "-o" (map search
    (files ++ map (lib.replaceStrings [ "@" ] [ "@?*" ]) templates ++ map (kind: "${suffix kind}.d") kinds));
  looked = at: definers: value: pkgs.runCommand "tesseraqt-untouched" { inherit value; } ''
    for place in $value; do
      for inside in "$place" "$place"/{etc,lib}/systemd/system; do
        [ -d "$inside" ] || continue
        found=$(find "$inside"/ -maxdepth 1 \( ${toString searched} \))
        if [ -n "$found" ]; then
          echo ${lib.escapeShellArg "${at}: ${by definers}: changes what tesseraqt makes of ${all}:"} "$found" >&2
          exit 1
        fi
      done
    done
    touch $out
  '';
  packages = filter foreign options.systemd.packages.definitionsWithLocations;
  # A unit can be given as a package, whatever its text says.
  given = name:
    let
      unit = options.systemd.units.value.${name};
    in
    unit.unit != utils.systemdUtils.lib.makeUnit name unit;
in
{
  # Of these tesseraqt makes something.
  options = map (kind: options.systemd.${kind}) (kinds ++ [ "units" ]);

  problems =
    concatMap (kind: concatMap (problem kind options.systemd.${kind}) (seen kind)) kinds
    ++ concatMap (problem "units" options.systemd.units) (filter reached (named options.systemd.units foreign))
    ++ concatMap (kind: posing options.systemd.${kind} (name: elem name (seen kind))) kinds
    ++ posing options.systemd.units reached;

  # Whether a file of /etc is one that systemd reads for them; of system.conf see touched-manager.nix.
  places = file:
    let
      found = builtins.match "systemd/system([.][a-z]+)?(/(.*))?" file;
      inner = lib.elemAt found 2;
    in
    found != null && file != "systemd/system.conf" && (inner == null || reached inner);

  # Whose a file is, by the first part of its path that says so.
  whoseFile = file:
    let
      parts = map whose (splitString "/" (lib.replaceStrings [ "nixos-containers/" ] [ "container@" ] file));
    in
    lib.findFirst (known: known != all) all parts;

  checks = map (definition: looked "systemd.packages" [ definition ] definition.value) packages
    ++ map (name: looked "systemd.units.${name}" (who options.systemd.units name) options.systemd.units.value.${name}.unit)
    (filter (name: !reached name && given name) (named options.systemd.units foreign));
}
