# SPDX-License-Identifier: MIT
# Everything that system.json may say. These types are what reads it: a key that is not
# here is refused with the nearest one. What is in a text, assertions.nix judges.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  names = description: mkOption {
    type = types.listOf types.str;
    default = [ ];
    inherit description;
  };

  switch = default: description: mkOption {
    type = types.bool;
    inherit default description;
  };

  perhaps = type: description: mkOption {
    type = types.nullOr type;
    default = null;
    inherit description;
  };

  bound = default: description: mkOption {
    type = types.nullOr types.ints.positive;
    inherit default description;
  };

  account = types.submodule {
    options = {
      uid = perhaps (types.ints.between 1 59999) "The number of the user.";
      groups = names "Further groups of the user.";
      home = perhaps types.str "The home directory; `/home/<user>` if none is said.";
    };
  };

  kept = types.submodule {
    options = {
      user = perhaps types.str "Whose it is; in the home of a user that user's, if none is said.";
      group = perhaps types.str "The group of it; that of its user if none is said.";
      mode = perhaps types.str "Who may what in it, as four octal digits.";
    };
  };

  provided = types.submodule {
    options = {
      socket = perhaps types.str "The unix socket that the container listens on.";
      tcp = perhaps types.port "The TCP port that the container listens on.";
      user = perhaps types.str "The user of the container that serves.";
      max_connections = mkOption {
        type = types.ints.between 1 64;
        default = 8;
        description = "How many calls of one consumer are served at once.";
      };
      idle_timeout = mkOption {
        type = types.ints.between 1 86400;
        default = 3600;
        description = "Seconds without a byte after which a call ends.";
      };
    };
  };

  consumed = types.submodule {
    options = {
      socket = perhaps types.str "Where the container finds the socket of this slot.";
      tcp = perhaps types.port "The port on the container's own loopback.";
      optional = switch false "Whether the slot may lead nowhere.";
    };
  };

  entry = user: types.submodule {
    options = {
      title = mkOption {
        type = types.str;
        description = "What the menu shows.";
      };
      command = mkOption {
        type = types.nonEmptyListOf types.str;
        description = "The program and its arguments.";
      };
      icon = perhaps types.str "The name of an icon.";
      terminal = switch false "Whether the program runs in a terminal of the qube.";
      user = mkOption {
        type = types.str;
        default = user;
        description = "The user of the container that runs it; made if it is not declared.";
      };
    };
  };

  pin = types.submodule {
    options = {
      url = mkOption {
        type = types.str;
        description = "The tarball of a nixpkgs.";
      };
      hash = mkOption {
        type = types.str;
        description = "The hash of what is in it.";
      };
    };
  };

  hardening = {
    capabilities = names "Capabilities that the container keeps although tesseraqt drops them.";
    no_new_privileges = switch true "Whether setuid and file capabilities are without effect.";
    network = mkOption {
      type = types.enum [ "none" "qube" ];
      default = "none";
      description = "Nothing but a loopback of its own, or besides a link to the network of the qube.";
    };
    nix_daemon = switch false "Whether the container reaches the nix daemon of the qube.";
    display = mkOption {
      type = types.enum [ "untrusted" "trusted" ];
      default = "untrusted";
      description = "How the X server of the qube takes the programs of `desktop`.";
    };
  };

  limits = {
    memory = bound 1073741824 "Bytes of memory; null for no limit.";
    cpu = bound 100 "Percent of one CPU; null for no limit.";
    tasks = bound 1024 "Processes and threads; null for no limit.";
    tmpfs = bound null "Bytes that its root, its /tmp and its /dev/shm hold, each; half of `memory` if null.";
  };

  fixed = flag: description: mkOption {
    type = types.str;
    default = flag;
    readOnly = true;
    inherit description;
  };

  data = description: mkOption {
    type = types.raw;
    default = { };
    inherit description;
  };

  # What a container and the qube as such have in common.
  wires = {
    provides = mkOption {
      type = types.attrsOf provided;
      default = { };
      description = "APIs that others may be wired to.";
    };
    consumes = mkOption {
      type = types.attrsOf consumed;
      default = { };
      description = "Slots that are wired to APIs.";
    };
  };

  # Whose the programs of a container are: its only user's, if it has just one.
  person = users: if lib.length users == 1 then lib.head users else "user";

  container = { config, name, ... }: {
    options = {
      autostart = switch true "Whether the container starts with the qube, or only when called.";
      config = data "NixOS options of the container, as data.";
      modules = names "NixOS modules of the container, below the tree that dom0 sent.";
      packages = names "Packages of the container, by their attribute paths in its nixpkgs.";
      nixpkgs = perhaps pin "A nixpkgs of the container's own, instead of the root's.";
      users = mkOption {
        type = types.attrsOf account;
        default = { };
        description = "Users of the container.";
      };
      state = mkOption {
        # A list is short for a map with nothing said of any.
        type = types.coercedTo (types.listOf types.str) (paths: lib.genAttrs paths (_: { })) (types.attrsOf kept);
        default = { };
        description = "Directories that outlive the container and the qube, and whose they are.";
      };
      desktop = mkOption {
        type = types.attrsOf (entry (person (lib.attrNames config.users)));
        default = { };
        description = "Programs of the container in the application menu of the qube.";
      };
      inherit limits hardening;
      flag = fixed "tesseraqt-${name}" "The service of a qube (qvm-service) that lets the container start there.";
    } // wires;
  };
in
{
  options.tesseraqt = {
    containers = mkOption {
      type = types.attrsOf (types.submodule container);
      default = { };
      description = "The containers of all qubes on this root, as dom0 declares them.";
    };
    root = {
      config = data "NixOS options of the qube itself, as data; read from the document alone.";
      modules = names "NixOS modules of the qube itself, below the tree that dom0 sent; likewise.";
      packages = names "Packages of the qube itself, by their attribute paths in its nixpkgs.";
      flag = fixed "tesseraqt-qube" "The service of a qube (qvm-service) that lets it take part in wires.";
    } // wires;
    people = mkOption {
      type = types.str;
      # Qubes' templates have the first; elsewhere people are in the second.
      default = if config.users.groups ? qubes then "qubes" else "users";
      readOnly = true;
      description = "The group of those who use the qube, unlike its services.";
    };
    dropped = mkOption {
      type = types.listOf types.str;
      # Each was seen to be dispensable in a container, unlike CAP_SYS_PTRACE, without which no
      # service with PrivateUsers and ProtectProc starts; see docs/nixos.md.
      default = [
        "CAP_AUDIT_CONTROL"
        "CAP_MKNOD"
        "CAP_NET_ADMIN"
        "CAP_NET_RAW"
      ];
      readOnly = true;
      description = "Capabilities that containers lose, unless one keeps them by its `hardening`.";
    };
    built = mkOption {
      type = types.attrsOf types.path;
      default = { };
      description = "Systems of containers that need not be evaluated again.";
    };
  };
}
