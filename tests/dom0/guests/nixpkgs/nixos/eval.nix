# SPDX-License-Identifier: MIT
# A stand-in for NixOS, small enough to ship: no module system, and packages that are words.
#
# Modules are imported for what they import. One directory among them is not: that of
# tesseraqt's own modules, which need a real NixOS. Instead, each container in the
# `system.json` beside them becomes a derivation, unless `built.json` says that it is in the
# store already, and the system holds them all.
{ modules }:
let
  load = module: if builtins.isAttrs module then module else import module;
  imported = module: builtins.concatMap follow (module.imports or [ ]);
  follow =
    module:
    if builtins.isPath module && baseNameOf module == "nixos" then
      [
        { tesseraqt = read (module + "/../system.json"); }
        (
          if builtins.pathExists (module + "/../built.json") then
            { built = read (module + "/../built.json"); }
          else
            { }
        )
      ]
    else
      let
        loaded = load module;
      in
      [ loaded ] ++ imported loaded;

  read = file: builtins.fromJSON (builtins.readFile file);

  all = builtins.concatMap follow modules;
  declared = builtins.foldl' (found: one: found // (one.tesseraqt or { })) { } all;
  built = builtins.foldl' (found: one: found // (one.built or { })) { } all;
  containers = builtins.mapAttrs (
    name: one: if built ? ${name} then builtins.storePath built.${name} else container name one
  ) (declared.containers or { });
  settings = builtins.foldl' (found: one: found // (one.standIn or { })) { } all;

  build =
    name: arguments: script:
    derivation (
      arguments
      // {
        inherit name;
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-ec"
          script
        ];
        PATH = "/usr/bin:/bin";
      }
    );

  # By these words in the place of packages a test says what is to go wrong.
  has = word: one: builtins.elem word (one.packages or [ ]);
  container =
    name: one:
    if has "does-not-evaluate" one then
      throw "container ${name} does not evaluate"
    else if has "hash-differs" one then
      build "container-${name}" {
        outputHash = "0000000000000000000000000000000000000000000000000000";
        outputHashAlgo = "sha256";
      } "echo ${name} > $out"
    else
      build "container-${name}" { declaration = builtins.toJSON one; } ''
        echo ${name} >> /var/log/builds
        ${if has "does-not-build" one then "echo no such compiler >&2; exit 1" else ""}
        ${if has "takes-a-while" one then "sleep 2" else ""}
        ${if has "fills-the-disk" one then "echo No space left on device >&2; exit 1" else ""}
        echo "$declaration" > $out
      '';

  names = builtins.attrNames containers;
  code =
    if builtins.any (name: has "does-not-start" declared.containers.${name}) names then
      "4"
    else if builtins.any (name: has "does-not-boot" declared.containers.${name}) names then
      "1"
    else
      "0";
in
{
  extendModules = more: import ./eval.nix { modules = modules ++ more.modules; };
  config.tesseraqt.containers = declared.containers or { };
  config.containers = builtins.mapAttrs (_: path: { inherit path; }) containers;
  config.system.build.toplevel =
    build "nixos-system-simulated-25.05"
      {
        inherit code;
        inherit (settings) label;
        containers = map (name: containers.${name}) names;
        switch = ./switch-to-configuration;
      }
      ''
        echo nixos-system >> /var/log/builds
        mkdir -p $out/bin $out/sw/bin
        echo 25.05.standin > $out/nixos-version
        echo "$label" > $out/label
        echo "$containers" > $out/containers
        sed -e "s:@out@:$out:" -e "s:@code@:$code:" $switch > $out/bin/switch-to-configuration
        chmod +x $out/bin/switch-to-configuration
      '';
}
