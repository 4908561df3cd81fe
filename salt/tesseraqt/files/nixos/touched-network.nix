# SPDX-License-Identifier: MIT
# Of the table of network.nft nothing is said in the rules of a root: NixOS would put another one of
# that name in its place, and other rules could let through what it drops.
{ config, lib, options, watch }:
let
  inherit (lib) concatMap filter isString optional;
  inherit (watch) all by foreign kept;

  nftables = options.networking.nftables;
  named = text: builtins.match "(.*[^[:alnum:]_])?inet[[:space:]\\\\]+tesseraqt([^[:alnum:]_/.-].*)?" text != null;

  # One of that name, or one whose rules end it and begin another.
  table = name:
    let
      made = config.networking.nftables.tables.${name};
    in
    named "inet ${made.name}\n${made.content}";

  # What is in a file that is not built yet, nobody can read here.
  file = value:
    if lib.isDerivation value then (if isString (value.text or null) then value.text else "")
    else if builtins.isPath value then builtins.readFile value
    else "";
  texts = {
    extraDeletions = toString;
    ruleset = toString;
    rulesetFile = file;
  };
  rules = option:
    let
      definers = filter (definition: foreign definition && named (texts.${option} definition.value)) nftables.${option}.definitionsWithLocations;
    in
    optional (definers != [ ]) "networking.nftables.${option}: ${by definers}: holds what tesseraqt makes of ${all}";
in
kept "networking.nftables.tables" (nftables.tables or { definitionsWithLocations = [ ]; }) table
++ concatMap rules (filter (option: nftables ? ${option}) (lib.attrNames texts))
