# shellcheck shell=bash
# Counts passed and failed tests and steps, and prints the counts however the gate ends.

passed=0 failed=0 complete=no
failures=()
# The exit code of a step that can't run on this machine.
SKIPPED=77
# A killed run reports nothing, so the run ends by itself before that.
LIMIT_SECONDS=1470

# step NAME COMMAND...
step() {
  local name=$1 since=$SECONDS status
  shift
  echo "== $name"
  "$@"
  status=$?
  case $status in
    0) pass 1 "$name" "$since" ;;
    "$SKIPPED") echo "== $name: skipped, it can't be tried here" ;;
    *) fail 1 "$name" "$since" ;;
  esac
}

# tests NAME COMMAND...
tests() {
  local name=$1 since=$SECONDS left=$((LIMIT_SECONDS - SECONDS)) status counts
  local summary='([0-9]+) passed( \([0-9]+ steps?\))? \| ([0-9]+) failed'
  shift
  echo "== $name"
  timeout "$((left > 0 ? left : 1))" "$@" 2>&1 | tee "$work/tests"
  status=$?
  [ "$status" -ne 124 ] || echo "$name: stopped, since the gate has $LIMIT_SECONDS s"
  counts="$(grep -oE "$summary" "$work/tests" | tail -n 1)"
  if [[ $counts =~ $summary ]]; then
    pass "${BASH_REMATCH[1]}" "$name" "$since"
    if [ "${BASH_REMATCH[3]}" -gt 0 ]; then
      fail "${BASH_REMATCH[3]}" "$name" "$since"
      return
    fi
  fi
  # The run can fail without a failed test, or before the first one.
  if [ "$status" -ne 0 ] || [ -z "$counts" ]; then fail 1 "$name" "$since"; fi
}

# pass COUNT NAME SINCE, and the same for fail
pass() {
  passed=$((passed + $1))
  echo "== $2: $1 passed, after $((SECONDS - $3)) s"
}

fail() {
  failed=$((failed + $1))
  failures+=("$2")
  echo "== $2: $1 FAILED, after $((SECONDS - $3)) s"
}

# Prints the summary, and sets the exit code.
verdict() {
  [ "$complete" = yes ] || fail 1 "the gate did not come to its end" 0
  [ ${#failures[@]} -eq 0 ] || printf 'failed: %s\n' "${failures[@]}"
  echo "$passed passed, $failed failed"
  exit $((failed > 0))
}
