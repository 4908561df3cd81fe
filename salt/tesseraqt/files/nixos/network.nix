# SPDX-License-Identifier: MIT
# The network of a container: a loopback of its own, or that of the qube.
{ config, lib, options, ... }:
let
  # Came after 25.05.
  known = options.containers.type.getSubOptions [ ] ? copyResolvConf;

  container = _: cfg: {
    privateNetwork = cfg.hardening.network == "none";
  }
  # Who has no network needs not know whom the qube asks for names.
  // lib.optionalAttrs known { copyResolvConf = cfg.hardening.network == "qube"; };

  # With a user namespace and a network of its own, newer NixOS let a container have
  # /dev/net/tun, which is of no use without a capability that it lost.
  unit = name: _: lib.nameValuePair "container@${name}" {
    serviceConfig.DeviceAllow = lib.mkForce (map device config.containers.${name}.allowedDevices);
    # Older NixOS copies it always, and starts no container where there is none.
    script = lib.mkIf (!known) (lib.mkBefore ''
      [ -e /etc/resolv.conf ] || install -D -m 0644 /dev/null "$(readlink -m /etc/resolv.conf)"
    '');
  };
  device = allowed: "${allowed.node} ${allowed.modifier}";
in
{
  containers = lib.mapAttrs container config.tesseraqt.containers;
  systemd.services = lib.mapAttrs' unit config.tesseraqt.containers;
}
