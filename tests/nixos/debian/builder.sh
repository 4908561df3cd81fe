# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# Stands in for the stdenv of nixpkgs: runs `buildCommand`, or `installPhase`, with the few
# functions of stdenv that NixOS calls in what it builds for itself. `debian` is where programs are.
set -eu
set -o pipefail
shopt -s nullglob
export PATH=$debian/usr/bin:$debian/usr/sbin HOME=/homeless-shelter LC_ALL=C.UTF-8
umask 022

# As in stdenv: what the caller gives is text, to be put where @NAME@ stands.
substituteStream() {
  local text=$1
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --replace | --replace-fail | --replace-warn | --replace-quiet)
        text=${text//"$2"/"$3"}
        shift 3
        ;;
      --subst-var)
        text=${text//"@$2@"/"${!2}"}
        shift 2
        ;;
      --subst-var-by)
        text=${text//"@$2@"/"$3"}
        shift 3
        ;;
      *)
        echo "substitute: $1 is unknown" >&2
        return 1
        ;;
    esac
  done
  printf %s "$text"
}

substitute() {
  local from=$1 to=$2 text
  shift 2
  text=$(cat "$from" && echo x)
  substituteStream "${text%x}" "$@" > "$to.new"
  [ ! -x "$from" ] || chmod +x "$to.new"
  mv "$to.new" "$to"
}

substituteInPlace() {
  local file files=()
  while [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; do
    files+=("$1")
    shift
  done
  for file in "${files[@]}"; do
    substitute "$file" "$file" "$@"
  done
}

# Every variable of the derivation is a placeholder.
substituteAll() {
  local name arguments=()
  for name in $(compgen -e); do
    [[ ! $name =~ ^[a-z][A-Za-z0-9_]*$ ]] || arguments+=(--subst-var "$name")
  done
  substitute "$1" "$2" "${arguments[@]}"
}

# There is no compiler: what is compiled here, the wrappers of setuid programs, refuses to run.
CC=compile
compile() {
  while [ "$1" != -o ]; do shift; done
  cp "$debian/usr/bin/false" "$2"
}

patchShebangs() { :; }
runHook() { :; }
concatTo() { :; }

[ -z "${buildCommandPath-}" ] || buildCommand=$(< "$buildCommandPath")
eval "${buildCommand-${installPhase-}}"
for output in ${outputs-out}; do
  [ -e "${!output}" ] || mkdir "${!output}"
done
