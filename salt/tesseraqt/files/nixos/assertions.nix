# SPDX-License-Identifier: MIT
# Refuses here again what dom0 refuses: names, paths and values that could mean something to
# a unit file, to the flags of nspawn (which NixOS hands to a shell unquoted), or to a shell.
{ config, lib, ... }:
let
  inherit (lib) attrNames concatLists concatMap mapAttrsToList optional;

  inherit (import ./patterns.nix) icon line mode module package path sri url user word;

  fits = pattern: text: builtins.match pattern text != null;
  # `.` and `..` have no place in a path either.
  isPath = text: fits path text && !lib.any (part: part == "." || part == "..") (lib.splitString "/" text);

  # What a container has of its own anew at each start, and what is the qube's.
  reserved = [ "/" "/bin" "/dev" "/etc" "/nix" "/proc" "/run" "/sys" "/tmp" "/usr" "/var" ];
  forbidden = text:
    lib.elem text reserved
    || lib.any (top: lib.hasPrefix "${top}/" text) [ "/dev" "/nix" "/proc" "/run" "/sys" ];

  # Pairs of a list of which one is below the other.
  nested = paths: concatMap (outer: lib.filter (inner: lib.hasPrefix "${outer}/" inner) paths) paths;

  # Whether data has a key that the module system takes for its own; one of the first level is a path.
  internal = key: data:
    if lib.isAttrs data then
      data ? ${key} || lib.any (internal key) (lib.attrValues data)
    else
      lib.isList data && lib.any (internal key) data;
  withKey = key: data:
    internal key data
    || lib.isAttrs data && lib.any (lib.elem key) (map (lib.splitString ".") (attrNames data));

  # What of `values` does not fit, as one message.
  all = at: pattern: what: values:
    let
      wrong = lib.filter (value: !fits pattern value) values;
    in
    optional (wrong != [ ]) "${at}: ${lib.concatMapStringsSep ", " (lib.strings.escapeNixString) wrong}: ${what}";

  some = at: pattern: what: value: all at pattern what (optional (value != null) value);

  users = cfg: concatLists (mapAttrsToList
    (name: account:
      all "users.${name}.groups" user "a group is lower-case letters, digits, '_' or '-'" account.groups
      ++ optional (account.home != null && !isPath account.home) "users.${name}.home: is no plain absolute path")
    cfg.users);

  state = cfg:
    let
      paths = attrNames cfg.state;
      odd = lib.filter (text: !isPath text) paths;
      own = lib.filter forbidden paths;
      inner = nested paths;
    in
    optional (odd != [ ]) "state: is no plain absolute path: ${lib.concatMapStringsSep ", " lib.strings.escapeNixString odd}"
    ++ optional (own != [ ]) "state: cannot be kept: ${toString own}"
    ++ optional (inner != [ ]) "state: is below another one: ${toString inner}"
    ++ concatLists (mapAttrsToList
      (path: kept:
        some "state.${path}.user" user "a user is lower-case letters, digits, '_' or '-'" kept.user
        ++ some "state.${path}.group" user "a group is lower-case letters, digits, '_' or '-'" kept.group
        ++ some "state.${path}.mode" mode "a mode is four octal digits such as 0750" kept.mode)
      cfg.state);

  desktop = cfg:
    all "desktop" word "an entry is up to 32 lower-case letters, digits or '-'" (attrNames cfg.desktop)
    ++ concatLists (mapAttrsToList
      (name: entry:
        all "desktop.${name}.title" line "is one line of printable text" [ entry.title ]
        ++ all "desktop.${name}.command" line "each is one line of printable text" entry.command
        ++ some "desktop.${name}.icon" icon "an icon is a name such as firefox" entry.icon
        ++ all "desktop.${name}.user" user "a user is lower-case letters, digits, '_' or '-'" [ entry.user ])
      cfg.desktop);

  # Two of them cannot be at one place.
  once = at: what: values:
    let
      twice = lib.filter (value: lib.count (other: other == value) values > 1) (lib.unique values);
    in
    optional (twice != [ ]) "${at}: two slots are at ${what} ${toString twice}";

  ends = at: end:
    optional (end.socket != null && !isPath end.socket) "${at}.socket: is no plain absolute path"
    ++ optional (end.socket != null && end.tcp != null) "${at}: is a socket or a port, not both";

  apis = cfg:
    all "provides" word "an API is up to 32 lower-case letters, digits or '-'" (attrNames cfg.provides)
    ++ all "consumes" word "a slot is up to 32 lower-case letters, digits or '-'" (attrNames cfg.consumes)
    ++ concatLists (mapAttrsToList
      (api: end:
        ends "provides.${api}" end
        ++ optional (end.socket == null && end.tcp == null) "provides.${api}: needs a socket or a port"
        ++ some "provides.${api}.user" user "a user is lower-case letters, digits, '_' or '-'" end.user)
      cfg.provides)
    ++ concatLists (mapAttrsToList
      (slot: end:
        ends "consumes.${slot}" end
        # What is there makes room for a link.
        ++ optional (end.socket != null && lib.elem end.socket (reserved ++ [ "/home" "/root" "/rw" "/srv" ])) "consumes.${slot}.socket: is no place for a socket")
      cfg.consumes)
    ++ once "consumes" "port" (given "tcp" cfg)
    ++ once "consumes" "socket" (given "socket" cfg);

  given = end: cfg: lib.filter (value: value != null) (mapAttrsToList (_: slot: slot.${end}) cfg.consumes);

  pin = cfg: lib.optionals (cfg.nixpkgs != null) (
    all "nixpkgs.url" url "is an https:// address" [ cfg.nixpkgs.url ]
    ++ all "nixpkgs.hash" sri "is sha256-... as nix prints it" [ cfg.nixpkgs.hash ]
  );

  hardening = cfg:
    let
      foreign = lib.subtractLists config.tesseraqt.dropped cfg.hardening.capabilities;
    in
    optional (foreign != [ ]) "hardening.capabilities: only what is dropped can be kept, and that is ${toString config.tesseraqt.dropped}, not ${toString foreign}"
    ++ optional (cfg.hardening.nix_daemon && cfg.hardening.network == "none")
      "hardening.nix_daemon: what it builds may use the network of the qube: that needs `network: qube` beside it";

  # What a container and the qube as such have in common.
  system = cfg:
    all "packages" package "a package is an attribute path of nixpkgs" cfg.packages
    ++ all "modules" module "a module is a file that dom0 sent" cfg.modules
    ++ optional (!lib.isAttrs cfg.config) "config: is no set of options"
    ++ concatMap
      (key: optional (withKey key cfg.config) "config: `${key}` is the module system's own; write a module")
      [ "_type" "_module" ]
    ++ apis cfg;

  problems = name: cfg:
    all "name" word "a container is up to 32 lower-case letters, digits or '-'" [ name ]
    ++ optional (name == "qube") "name: is what wires call the qube as such"
    ++ all "users" user "a user is lower-case letters, digits, '_' or '-'" (attrNames cfg.users)
    ++ optional (cfg.users ? root) "users.root: is there already, and not to be changed"
    ++ system cfg
    ++ users cfg
    ++ state cfg
    ++ desktop cfg
    ++ pin cfg
    ++ hardening cfg;

  refuse = place: problem: {
    assertion = false;
    message = "tesseraqt.${place}.${problem}";
  };

  containers = mapAttrsToList (name: cfg: map (refuse "containers.${name}") (problems name cfg)) config.tesseraqt.containers;
in
{
  assertions = concatLists containers ++ map (refuse "root") (system config.tesseraqt.root);
}
