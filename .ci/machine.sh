# shellcheck shell=bash
# Installs what the tests need in addition to Deno. Without it many tests are skipped.

PACKAGES=(postgresql-15 postgresql-15-postgis-3 pgbouncer zstd openssl prometheus chromium systemd)
POSTGRES=/usr/lib/postgresql/15/bin
# On another port than a server that this machine may have.
PORT="${PGPORT:-54321}"

install_packages() {
  local missing=()
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing ${missing[*]}"
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# actionlint checks the workflows. Debian has no package of it.
install_actionlint() {
  ! command -v actionlint >/dev/null || return 0
  command -v go >/dev/null || return "$SKIPPED"
  GOBIN="$work/bin" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7 && export PATH="$work/bin:$PATH"
}

# A server for this run alone. Its data need not survive a crash: each test creates a database, and waiting
# for the disk took half of the time. TEST_DATABASE_URL names another one.
start_database() {
  [ -z "${TEST_DATABASE_URL:-}" ] || return 0
  cluster="$(mktemp -d)"
  [ "$UID" -ne 0 ] || chown postgres "$cluster"
  as_postgres initdb -D "$cluster/data" -U postgres -A trust -E UTF8 --locale C.UTF-8 --no-sync >/dev/null || return
  as_postgres tee "$cluster/data/postgresql.auto.conf" >/dev/null <<END
listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = '$cluster'
fsync = off
full_page_writes = off
END
  if ! as_postgres pg_ctl -D "$cluster/data" -l "$cluster/log" -w start >/dev/null; then
    cat "$cluster/log"
    return 1
  fi
  export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$PORT/postgres"
}

stop_database() {
  [ -n "${cluster:-}" ] || return 0
  as_postgres pg_ctl -D "$cluster/data" -m immediate stop >/dev/null
  rm -rf "$cluster"
}

# Postgres refuses to run as root.
as_postgres() {
  local as=()
  [ "$UID" -ne 0 ] || as=(runuser -u postgres --)
  "${as[@]}" env PATH="$POSTGRES:$PATH" "$@"
}
