# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# A shell in a container, or one command: run by the systemd in there, so that nothing of the
# container is ever run outside of its user namespace. `names` is set before this.
set -u

usage() {
  printf 'usage: tesseraqt-enter [-u USER] CONTAINER [COMMAND [ARGUMENT...]]\n' >&2
  printf 'containers: %s\n' "$names" >&2
  exit 2
}

[ "$(id -u)" = 0 ] || exec sudo -- "$0" "$@"
user=root
if [ "${1-}" = -u ]; then
  user=${2-}
  shift 2 || usage
fi
[[ $user =~ ^[a-z_][a-z0-9_-]*$ ]] || usage
name=${1-}
case " $names " in
  *" $name "*) shift || usage ;;
  *) usage ;;
esac
[[ $name =~ ^[a-z0-9-]+$ ]] || usage

if ! [ -e "/run/qubes-service/tesseraqt-$name" ]; then
  printf 'container %s: is not one of this qube\n' "$name" >&2
  exit 1
fi
systemctl start "container@$name.service" || exit 1
if [ $# -eq 0 ]; then
  exec machinectl --quiet shell "$user@$name" /run/current-system/sw/bin/bash --login
fi
# How it is run: `--pty`, which makes it a terminal of its own, or `--pipe`, which hands it stdin,
# stdout and stderr as they are.
run() {
  # It begins where a shell would, in the user's home.
  # shellcheck disable=SC2016
  systemd-run --machine="$name" --uid="$user" --quiet --collect --wait "$@" \
    --expand-environment=no --service-type=exec \
    -- /run/current-system/sw/bin/bash --login -c 'cd 2> /dev/null; exec "$@"' bash "${command[@]}"
}
command=("$@")
if [ -t 0 ] && [ -t 1 ]; then
  run --pty
  exit
fi
# The caller's own terminal never: whoever has had it reads what is typed after the call, and types.
# Reading it in the command's stead would take what is typed from a pager behind the command.
[ ! -t 0 ] || exec < /dev/null
set -o pipefail
out() {
  if [ -t 1 ]; then
    run --pipe | cat
  else
    run --pipe
  fi
}
if [ -t 2 ]; then
  { out 2>&1 >&3 3>&- | cat >&2 3>&-; } 3>&1
else
  out
fi
