# SPDX-License-Identifier: MIT
# A nixpkgs that can be built without a network: its builders are real, the packages that
# programs.json lists have the programs of Debian, and everything else that NixOS may name is an
# empty directory of that name. `lib` and `nixos` beside this are those of a real nixpkgs.
{ system ? "x86_64-linux"
, localSystem ? { inherit system; }
, crossSystem ? null
, config ? { }
, overlays ? [ ]
, ...
}@arguments:
let
  lib = import ./lib;
  # Written beside this: where Debian's tree is in the store, and what NixOS says.
  debian = builtins.storePath (lib.fileContents ./debian);
  names = lib.importJSON ./names.json;
  platform = lib.systems.elaborate localSystem;

  base = pkgs:
    let
      builders = import ./builders.nix { inherit lib debian pkgs; inherit (platform) system; };
      stub = import ./stub.nix { inherit lib builders; };
    in
    lib.mapAttrs stub.named (removeAttrs names.packages [ "lib" "pkgs" "path" "config" ])
    // import ./stand-ins.nix { inherit lib pkgs stub builders platform; }
    // import ./programs.nix { inherit lib pkgs stub builders debian; inherit (names) units; }
    // builders
    // {
      inherit lib overlays system pkgs;
      config = { allowUnfree = true; allowAliases = true; checkMeta = false; } // config;
      path = ./.;
      appendOverlays = more: import ./. (arguments // { overlays = overlays ++ more; });
      # What a file of NixOS asks for and no module names is an empty directory too.
      callPackage = file: given:
        let
          function = if builtins.isFunction file then file else import file;
          wanted = lib.filterAttrs (_: optional: !optional) (lib.functionArgs function);
        in
        lib.callPackageWith (lib.mapAttrs (name: _: stub.named name [ ]) wanted // pkgs) function given;
      buildPackages = pkgs;
      pkgsBuildHost = pkgs;
      pkgsHostTarget = pkgs;
      __splicedPackages = pkgs;
      pkgsStatic = pkgs;
      pkgsBuildBuild = pkgs;
      pkgsi686Linux = pkgs;
      targetPackages = pkgs;
      formats = import ./formats.nix { inherit lib builders; };
    };
in
lib.fix (lib.foldl' (lib.flip lib.extends) base overlays)
