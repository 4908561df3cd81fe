# SPDX-License-Identifier: MIT
# The network of a container: a loopback of its own and, with `network: qube`, a link to the qube,
# over which it gets out behind the qube's address. It has no other namespace than its own, so
# that neither ports nor abstract sockets of the qube are in it; what it may send over the link is
# in network.nft.
{ config, lib, options, pkgs, ... }:
let
  inherit (lib) mapAttrs mapAttrs' mapAttrsToList mkAfter mkBefore mkIf mkMerge nameValuePair;

  units = import ./units.nix { inherit lib; };

  inherit (config.tesseraqt) containers;
  linked = lib.filterAttrs (_: cfg: cfg.hardening.network == "qube") containers;

  # Came after 25.05.
  known = options.containers.type.getSubOptions [ ] ? copyResolvConf;

  ends = import ./network-ends.nix { inherit lib; } (lib.attrNames linked);

  names = "/run/tesseraqt/names";

  container = name: cfg: {
    privateNetwork = true;
    extraFlags = lib.optionals (linked ? ${name}) [ "--network-interface=${ends.${name}.inside}" "--bind-ro=${names}:${names}" ];
  }
  # Whom it asks for names can change; see minimal.nix.
  // lib.optionalAttrs known { copyResolvConf = false; };

  # With a user namespace and a network of its own, newer NixOS let a container have
  # /dev/net/tun, which is of no use without a capability that it lost.
  unit = name: _: nameValuePair "container@${name}" {
    serviceConfig.DeviceAllow = lib.mkForce (map device config.containers.${name}.allowedDevices);
    # Older NixOS copies it always, and starts no container where there is none.
    script = mkIf (!known) (mkBefore ''
      [ -e /etc/resolv.conf ] || install -D -m 0644 /dev/null "$(readlink -m /etc/resolv.conf)"
    '');
  };
  device = allowed: "${allowed.node} ${allowed.modifier}";

  # Its end of the link can only be set up in the container, once nspawn has moved it there, and by
  # root of the container alone: so the first process loses that capability after it has done so.
  first = name: cfg:
    let
      system = config.containers.${name}.path;
      mayKeep = lib.elem "CAP_NET_ADMIN" cfg.hardening.capabilities;
      init = pkgs.writeScript "tesseraqt-network-${name}" (
        units.scripted {
          inherit (ends.${name}) inside gateway address;
          lost = if mayKeep then "" else "-net_admin";
          ip = "${pkgs.iproute2}/bin/ip";
          setpriv = "${pkgs.util-linux}/bin/setpriv";
          shell = pkgs.runtimeShell;
          init = "${system}/init";
        } ./network-init.sh
      );
    in
    pkgs.runCommand "tesseraqt-network-${name}" { } ''
      mkdir $out
      ln -s ${init} $out/init
      ln -s ${system}/system $out/system
    '';

  linkedUnit = name: cfg: nameValuePair "container@${name}" {
    requires = [ "tesseraqt-network.service" ];
    wants = [ "tesseraqt-names.path" "tesseraqt-names.service" ];
    after = [ "tesseraqt-network.service" "tesseraqt-names.service" ];
    path = [ config.systemd.package ];
    preStart = mkAfter (
      units.scripted {
        inherit (ends.${name}) outside inside gateway address;
        whose = "container ${name}";
      } ./network-link.sh
    );
    script = mkBefore "SYSTEM_PATH=${first name cfg}\n";
    postStop = "ip link delete ${ends.${name}.outside} 2> /dev/null || true\n";
  };

  # In no qube that has none of them.
  gate = { ConditionPathExists = mapAttrsToList (_: cfg: "|/run/qubes-service/${cfg.flag}") linked; };

  # One table for all, with which nobody's else is touched.
  load = [ "${pkgs.nftables}/bin/nft --file ${./network.nft}" "${pkgs.procps}/bin/sysctl --quiet net.ipv4.ip_forward=1" ];
  rules = {
    description = "What containers may send over their links";
    unitConfig = gate // { ReloadPropagatedFrom = "nftables.service"; };
    after = [ "qubes-sysinit.service" "nftables.service" ];
    # Rules of NixOS that are loaded anew may flush all others.
    partOf = [ "nftables.service" ];
    reloadIfChanged = true;
    serviceConfig = units.confined // {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = load;
      ExecReload = load;
      CapabilityBoundingSet = "CAP_NET_ADMIN";
      PrivateDevices = true;
      ProtectHome = true;
      ProtectSystem = "strict";
      RestrictAddressFamilies = [ "AF_NETLINK" "AF_UNIX" ];
    };
  };

  nameServers = {
    description = "Whom containers ask for names";
    unitConfig = gate;
    after = [ "qubes-sysinit.service" "qubes-db.service" ];
    # Each change is one start.
    startLimitIntervalSec = 0;
    path = [ pkgs.coreutils "/run/current-system/sw" ];
    serviceConfig = units.sandboxed // {
      Type = "oneshot";
      ExecStart = pkgs.writeShellScript "tesseraqt-names" (units.scripted { inherit names; } ./network-names.sh);
      RuntimeDirectory = "tesseraqt/names";
      RuntimeDirectoryPreserve = true;
      RestrictAddressFamilies = "AF_UNIX";
      ProtectSystem = "strict";
      # Users of containers read it.
      UMask = "0022";
    };
  };

  # Not managed by whoever manages the network of the qube.
  foreign = "tq*-*";
in
mkMerge [
  {
    containers = mapAttrs container containers;
    systemd.services = mapAttrs' unit containers;
  }
  (mkIf (linked != { }) {
    systemd.services = mapAttrs' linkedUnit linked // {
      tesseraqt-network = rules;
      tesseraqt-names = nameServers;
    };
    systemd.paths.tesseraqt-names = {
      description = "Changes of whom this qube asks for names";
      unitConfig = gate;
      after = [ "qubes-sysinit.service" ];
      pathConfig.PathChanged = [ "/etc/resolv.conf" "/run/systemd/resolve/resolv.conf" ];
    };
    # NixOS turns it off again with every change of such settings; who needs it says so more loudly.
    boot.kernel.sysctl."net.ipv4.conf.all.forwarding" = lib.mkOverride 900 null;
    networking = {
      dhcpcd.denyInterfaces = [ foreign ];
      networkmanager.unmanaged = [ "interface-name:${foreign}" ];
      # A firewall of NixOS that judges what goes through the qube has it judged here.
      firewall.extraForwardRules = mkIf config.networking.firewall.filterForward ''iifname "tq-*" accept'';
    };
  })
]
