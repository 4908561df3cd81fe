# SPDX-License-Identifier: MIT
# An example: a machine of NixOS qubes. Salt merges the files that are included here, key by
# key, so that each can be read alone. Every key is explained in docs/pillar.md.
include:
  - tesseraqt.network
  - tesseraqt.work
  - tesseraqt.private
  - tesseraqt.disposables
  - tesseraqt.containers

tesseraqt:
  # What every qube below `qubes:` has, unless it says otherwise.
  defaults:
    template: nixos-apps
    label: blue
    prefs:
      netvm: sys-nixos-firewall
      vcpus: 2
    # Changes that need a halted qube halt it and start it again; by default they are refused.
    restart: when_needed

  templates:
    # Here before tesseraqt, and only named: nothing of it is ever changed.
    nixos:
      os: nixos
    # Made of it, and kept as declared: what NixOS it has, too. The containers of the qubes on
    # it are added to that by themselves.
    nixos-apps:
      clone: nixos
      label: black
      nixos:
        packages: [git]
        config: {time.timeZone: Etc/UTC}
        generations: 3
    nixos-dev:
      clone: nixos
      label: gray
      volumes:
        root: 20 GiB

  # qubes-prefs. What a qube gets that does not say otherwise.
  globals:
    default_template: nixos
    default_dispvm: nixos-dvm
    check_updates_vm: true
