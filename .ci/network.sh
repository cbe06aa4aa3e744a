# shellcheck shell=bash
# Installs the reference directory and personal data servers of AT Protocol, which run on Node, for the tests
# of reconciling. Without them tests/whole_program/real_network_test.ts is skipped.

# The installation must not delay the gate: after this time it is not waited for.
NETWORK_LIMIT_SECONDS=420

# Runs in parallel with the following steps.
begin_network() {
  network="$work/network"
  mkdir "$network"
  timeout "$NETWORK_LIMIT_SECONDS" bash -c 'source .ci/network.sh; install_network "$1"' - "$network" \
    >"$work/network.log" 2>&1 &
  network_job=$!
}

# Also for running the tests by hand: bash -c 'source .ci/network.sh; install_network DIRECTORY'
#
# The packages' own scripts would fetch binaries from where not every network leads, and wait minutes for it. The one
# binary that is needed is compiled, with the headers that Node came with; optimising it takes longer than the tests.
install_network() {
  local directory=$1 gyp
  gyp="$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js"
  cat >"$directory/package.json" <<'END'
{
  "private": true,
  "dependencies": {
    "@atproto/pds": "0.4.217",
    "@did-plc/server": "0.0.1",
    "better-sqlite3": "^12.0.0"
  },
  "overrides": { "better-sqlite3": "$better-sqlite3" }
}
END
  npm install --prefix "$directory" --ignore-scripts --no-audit --no-fund --loglevel=error &&
    cd "$directory/node_modules/better-sqlite3" &&
    npm_config_nodedir="$(dirname "$(dirname "$(command -v node)")")" CFLAGS=-O0 CXXFLAGS=-O0 \
      node "$gyp" rebuild --release
}

# If the installation failed, its tests are skipped.
join_network() {
  if ! wait "$network_job"; then
    echo "it could not be installed within $NETWORK_LIMIT_SECONDS s:"
    tail -n 3 "$work/network.log"
    return "$SKIPPED"
  fi
  export ATPROTO_PACKAGES="$network"
}

# `timeout` also ends the processes that the command started.
end_network() {
  [ -n "${network_job:-}" ] || return 0
  kill "$network_job" 2>/dev/null
  wait "$network_job"
}
