# SPDX-License-Identifier: MIT
# Network qubes on NixOS, beside the ones that came with Qubes. Once they work, those may go.
tesseraqt:
  qubes:
    sys-nixos-net:
      label: red
      prefs:
        netvm: none
        provides_network: true
        # A qube with a PCI device is an HVM, and its memory cannot grow and shrink.
        virt_mode: hvm
        memory: 400
        maxmem: 0
      devices:
        pci:
          "dom0:00_1f.6":
            options:
              no-strict-reset: true
      services:
        network-manager: true
        # As Qubes has it by default, whatever it was set to before.
        cups: null
      # A network qube that restarts takes the network with it: halt it by hand.
      restart: never

    sys-nixos-firewall:
      label: green
      prefs:
        netvm: sys-nixos-net
        provides_network: true
        memory: 400
      autostart: true
      restart: never
