# SPDX-License-Identifier: MIT
# The builders of nixpkgs that NixOS builds itself with, real enough to build what it asks for:
# a derivation is run by bash, with builder.sh in place of stdenv.
{ lib, debian, pkgs, system }:
let
  inherit (lib) concatMapStringsSep concatStringsSep escapeShellArg;

  # What nix knows of a derivation is text: no functions, and no sets but packages.
  passed = value: !(builtins.isFunction value) && !(builtins.isAttrs value && !(value ? outPath));
  kept = [ "meta" "passthru" "pos" "env" "nativeCheckInputs" "name" "pname" "version" "checkPhase" ];

  mkDerivation = given:
    let
      attrs = if builtins.isFunction given then given result else given;
      name = lib.strings.sanitizeDerivationName (attrs.name or "${attrs.pname}-${attrs.version or "0"}");
      variables = lib.filterAttrs (_: passed) (removeAttrs attrs kept) // (attrs.env or { });
      built = derivation (variables // {
        inherit name system debian;
        builder = "${debian}/usr/bin/bash";
        args = [ "${./builder.sh}" ];
      });
      # Nothing of the derivation is looked at for a name of this set: much of what NixOS builds
      # can only be known when it is known what it builds.
      result = {
        type = "derivation";
        inherit name system;
        inherit (built) outPath drvPath drvAttrs;
        outputs = attrs.outputs or [ "out" ];
        outputName = "out";
        pname = attrs.pname or (lib.getName name);
        version = attrs.version or "0";
        meta = { available = true; } // (attrs.meta or { });
        passthru = attrs.passthru or { };
        overrideAttrs = change: mkDerivation (
          attrs // (if builtins.isFunction (change attrs) then change attrs attrs else change attrs)
        );
      }
      // lib.genAttrs [ "out" "bin" "dev" "lib" "man" "doc" ] (output: built.${output} or result)
      // builtins.intersectAttrs { text = 0; buildCommand = 0; paths = 0; } attrs
      // (attrs.passthru or { });
    in
    result;

  runCommand = name: attrs: buildCommand:
    mkDerivation (attrs // {
      inherit name buildCommand;
      passAsFile = [ "buildCommand" ] ++ (attrs.passAsFile or [ ]);
    });

  writeTextFile = { name, text, executable ? false, destination ? "", meta ? { }, checkPhase ? "", ... }:
    runCommand name { inherit text meta; passAsFile = [ "text" ]; } ''
      target=$out${escapeShellArg destination}
      mkdir -p "$(dirname "$target")"
      cp "$textPath" "$target"
      ${lib.optionalString executable ''chmod +x "$target"''}
      ${checkPhase}
    '';

  shell = text: "#!${pkgs.runtimeShell}\n${text}\n";
  named = name: text: { inherit name text; executable = true; };
  inBin = name: text: named name text // { destination = "/bin/${name}"; meta.mainProgram = name; };

  buildEnv = { name, paths, pathsToLink ? [ "/" ], postBuild ? "", meta ? { }, passthru ? { }, extraPrefix ? "", ... }:
    runCommand name { inherit meta paths; passAsFile = [ "paths" ]; passthru = passthru // { inherit paths; }; } ''
      mkdir -p $out${extraPrefix}
      for package in $(cat "$pathsPath"); do
        for path in ${concatStringsSep " " pathsToLink}; do
          [ -d "$package$path" ] || continue
          mkdir -p "$out${extraPrefix}$path"
          # Directories of links are looked through, for the next package may have the same.
          cp -rs --update=none "$(realpath "$package$path")/." "$out${extraPrefix}$path"
          chmod -R u+w "$out"
        done
      done
      ${postBuild}
    '';

  # Runs a command that makes "$target" of `$src`.
  placed = { name, dir ? null, isExecutable ? false }: variables: command:
    runCommand name variables ''
      target=$out${lib.optionalString (dir != null) "/${dir}/${name}"}
      mkdir -p "$(dirname "$target")"
      ${command}
      ${lib.optionalString isExecutable ''chmod +x "$target"''}
    '';
  how = { src, name ? baseNameOf (toString src), dir ? null, isExecutable ? false, ... }: { inherit name dir isExecutable; };
  replaced = { src, replacements, ... }@attrs:
    placed (how attrs) { inherit src; } (
      "substitute $src \"$target\" "
      + concatStringsSep " " (lib.mapAttrsToList (name: value: "--subst-var-by ${name} ${escapeShellArg "${value}"}") replacements)
    );
in
{
  inherit mkDerivation runCommand writeTextFile;
  runCommandLocal = runCommand;
  runCommandCC = runCommand;

  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir = path: text: writeTextFile { inherit text; name = baseNameOf path; destination = "/${path}"; };
  writeScript = name: text: writeTextFile (named name text);
  writeScriptBin = name: text: writeTextFile (inBin name text);
  writeShellScript = name: text: writeTextFile (named name (shell text));
  writeShellScriptBin = name: text: writeTextFile (inBin name (shell text));
  writeShellApplication = { name, text, runtimeInputs ? [ ], ... }:
    writeTextFile (inBin name (shell "set -euo pipefail\nexport PATH=${lib.makeBinPath runtimeInputs}:$PATH\n${text}"));
  concatText = name: files: runCommand name { inherit files; } "cat $files > $out";

  buildEnv = lib.makeOverridable buildEnv;
  symlinkJoin = { name, paths, postBuild ? "", ... }: buildEnv { inherit name paths postBuild; };
  linkFarm = name: entries:
    let
      links = if builtins.isAttrs entries then lib.mapAttrsToList (name: path: { inherit name path; }) entries else entries;
    in
    runCommand name { } (
      "mkdir -p $out\n"
      + concatMapStringsSep "\n" (link: ''mkdir -p "$(dirname "$out/${link.name}")"; ln -s ${link.path} "$out/${link.name}"'') links
    );

  substitute = { src, name ? baseNameOf (toString src), substitutions, ... }:
    runCommand name { inherit src; } "substitute $src $out ${lib.escapeShellArgs substitutions}";
  replaceVars = src: variables:
    replaced { inherit src; replacements = lib.filterAttrs (_: value: value != null) variables; };
  replaceVarsWith = replaced;
  substituteAll = attrs: placed (how attrs) (removeAttrs attrs [ "name" "dir" "isExecutable" ]) "substituteAll $src \"$target\"";

  closureInfo = { rootPaths }: runCommand "closure-info" { inherit rootPaths; } ''
    mkdir -p $out
    printf '%s\n' $rootPaths > $out/store-paths
    : > $out/registration
  '';
  makeDesktopItem = { name, desktopName, exec ? "", icon ? null, terminal ? false, categories ? [ ], ... }:
    writeTextFile {
      inherit name;
      destination = "/share/applications/${name}.desktop";
      text = ''
        [Desktop Entry]
        Type=Application
        Name=${desktopName}
        Exec=${exec}
        Terminal=${lib.boolToString terminal}
      ''
      + lib.optionalString (icon != null) "Icon=${icon}\n"
      + lib.optionalString (categories != [ ]) "Categories=${concatStringsSep ";" categories}\n";
    };
}
