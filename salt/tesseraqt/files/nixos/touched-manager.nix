# SPDX-License-Identifier: MIT
# Variables of all units: what bash, nspawn, and what starts a container take from where they were
# started, by whichever way systemd gets them.
{ config, lib, options, pkgs, watch }:
let
  inherit (lib) any concatMap filter hasInfix isList optional;
  inherit (watch) all by file foreign kept;

  names = "BASH_ENV|extraFlags|SYSTEMD_(NSPAWN_[A-Z_]*|SECCOMP|UNIT_PATH)";
  variable = name: builtins.match names name != null;

  # A text that sets one of them, or can: of systemd's escapes and specifiers a name can be made.
  sets = text:
    builtins.match "(.*[^[:alnum:]_])?(${names})([^[:alnum:]_].*)?" text != null
    || any (line: hasInfix "Environment" line && builtins.match ".*[\\\\%].*" line != null) (lib.splitString "\n" text);
  refuse = at: definers: optional (definers != [ ]) "${at}: ${by definers}: sets, or could set, variables of ${all}";
  texts = option: text:
    refuse (lib.showOption option.loc)
      (filter (definition: foreign definition && sets (text definition.value)) option.definitionsWithLocations);

  # Newer NixOS has the lines of system.conf as settings.
  manager = options.systemd.settings.Manager or null;
  lines = key: map (value: "${key}=${toString value}") (lib.toList (config.systemd.settings.Manager.${key} or ""));
  settings = optional (manager != null && any sets (concatMap lines [ "DefaultEnvironment" "ManagerEnvironment" ]))
    "${lib.showOption manager.loc}: ${by (filter foreign manager.definitionsWithLocations)}: sets, or could set, variables of ${all}";

  # A file whose text cannot be seen is refused.
  conf = name:
    let
      made = config.environment.etc.${name};
      seen = made.text != null && made.source == pkgs.writeText made.source.name made.text;
    in
    builtins.match "systemd/system[.]conf([.]d(/.*)?)?" (file name) != null && (!seen || sets made.text)
    # These are programs that print variables.
    || lib.hasPrefix "systemd/system-environment-generators" (file name);
in
kept "systemd.globalEnvironment" options.systemd.globalEnvironment variable
++ kept "systemd.managerEnvironment" (options.systemd.managerEnvironment or { definitionsWithLocations = [ ]; }) variable
++ kept "environment.etc" options.environment.etc conf
++ lib.optionals (options.systemd ? extraConfig) (texts options.systemd.extraConfig toString)
++ texts options.boot.kernelParams (words: lib.concatStringsSep "\n" words)
++ settings
# Where systemd finds units before those that are watched.
++ lib.optionals (options.boot ? extraSystemdUnitPaths)
  (refuse "boot.extraSystemdUnitPaths" (filter (definition: foreign definition && isList definition.value && definition.value != [ ]) options.boot.extraSystemdUnitPaths.definitionsWithLocations))
