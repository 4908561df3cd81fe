# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The system of this root, with ours on top of its own configuration, is in the store.
# Arguments: the sha256 of the tree, `file` or `flake`, and for a flake the name of the
# configuration in it (`auto` for the only one there is).

alone
tree=$place/$1
[ -d "$tree" ] || fail tree
if [ -e /run/qubes-service/updates-proxy-setup ]; then
  http_proxy=http://127.0.0.1:8082
  https_proxy=$http_proxy
  all_proxy=$http_proxy
  export http_proxy https_proxy all_proxy
fi
if [ "$2" = flake ]; then
  NIX_CONFIG='extra-experimental-features = nix-command flakes'
  export NIX_CONFIG
fi

# Added to the root's own channels where it has any, as `nixos-rebuild` does.
build_root() {
  nix-build "$tree/system.nix" --argstr kind "$2" --argstr name "${3-auto}" \
    -I "nixos-config=$tree/root.nix" --out-link "$tree/result"
}

# Where memory gets short, the build is to die and not the agents of Qubes.
echo 500 2> /dev/null > /proc/self/oom_score_adj || true
killed=$(out_of_memory_kills)
# The containers first, one after the other: together they need the sum of their memory.
sh "$tree/nixos/evaluate-containers.sh" "$tree" "$2" "$3"
code=$?
if [ "$code" -eq 0 ]; then
  toplevel=$(build_root "$@")
  code=$?
fi
answer code "$code"
[ "$code" -ne 0 ] || answer toplevel "$toplevel"
[ "$(out_of_memory_kills)" = "$killed" ] || answer out_of_memory yes
answer free "$(free_kib)"
finish
