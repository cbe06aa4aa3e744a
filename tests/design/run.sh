#!/bin/bash
# Checks one model: run.sh MODEL "DEFINES" [options of pan]. Prints one line. SHOW=60 prints the end of a counterexample.
model=$1; defines=$2; shift 2
here="$(cd "$(dirname "$0")" && pwd)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# shellcheck disable=SC2086
spin -a $defines "$here/$model.pml" >spin.out 2>&1 || { echo "$model $defines: spin failed"; cat spin.out; exit 1; }
options="-O2 -DMEMLIM=3000 -DCOLLAPSE -DVECTORSZ=2048"
search=""
case "$defines" in
  *LIVENESS*) options="$options -DNFAIR=6"; search="-a -f" ;;
  *) options="$options -DSAFETY" ;;
esac
# shellcheck disable=SC2086
gcc $options -o pan pan.c 2>cc.out || { echo "$model $defines: gcc failed"; head cc.out; exit 1; }
# shellcheck disable=SC2086
timeout 300 ./pan -m200000 $search "$@" >pan.out 2>&1
rc=$?
errors=$(grep -o 'errors: [0-9]*' pan.out)
states=$(grep 'states, stored' pan.out | awk '{print $1}' | head -1)
why=$(grep -E '^pan:[0-9]+:' pan.out | head -1)
incomplete=$(grep -c 'max search depth too small\|out of memory\|truncated' pan.out)
printf '%-11s %-42s %s, states %s rc=%s incomplete=%s %s\n' \
  "$model" "$defines" "$errors" "$states" "$rc" "$incomplete" "$why"
if [ -n "$SHOW" ] && ls ./*.trail >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  spin -t -p -g $defines "$here/$model.pml" 2>/dev/null | grep -v '^spin:' | tail -"$SHOW"
fi
