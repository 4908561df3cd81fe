# SPDX-License-Identifier: MIT
# `pkgs.formats`, for what is declared as data: those that are JSON, and those that nixpkgs' lib writes.
{ lib, builders }:
let
  inherit (lib) generators types;

  format = type: text: _: {
    inherit type;
    generate = name: value: builders.writeText name (text value);
  };
  json = format types.anything builtins.toJSON;
  sections = types.attrsOf (types.attrsOf types.anything);
  section = types.attrsOf types.anything;
in
{
  inherit json;
  # JSON is YAML.
  yaml = json;
  ini = arguments: format sections (generators.toINI (removeAttrs arguments [ "listToValue" "atomsCoercedToLists" ])) { };
  iniWithGlobalSection = arguments: format types.anything (generators.toINIWithGlobalSection arguments) { };
  keyValue = arguments: format section (generators.toKeyValue (removeAttrs arguments [ "listToValue" ])) { };
  systemd = format sections (generators.toINI { listsAsDuplicateKeys = true; }) { };
  gitIni = arguments: format sections generators.toGitINI { };
}
// lib.genAttrs [ "toml" "elixirConf" "hocon" "javaProperties" "lua" "pythonVars" "xml" "libconfig" "php" "cdn" "hcl1" "plist" ] (
  name: format types.anything (_: throw "pkgs.formats.${name} is not in this nixpkgs")
)
