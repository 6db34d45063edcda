# Sourced by the other scripts: installs the npm packages of the lockfile when they are missing or older than it.
# Prints on standard error only. Expects the top folder in $top.

node_is_enough() {
  command -v node >/dev/null && [ "$(node -p 'Number(process.versions.node.split(".")[0])')" -ge 20 ]
}

install_packages() {
  local stamp=$top/node_modules/.package-lock.json # written by npm at the end of an installation
  if [ -e "$stamp" ] && [ ! "$top/package-lock.json" -nt "$stamp" ]; then return; fi
  if ! node_is_enough; then
    echo 'Cannot install: Node 20 or newer with npm is needed to begin with; install it (the project then brings its own Node)' >&2
    return 1
  fi
  echo 'Installing the npm packages of package-lock.json' >&2
  # The engine warnings are about the Node that npm runs on, not the pinned one that the program runs on.
  (cd "$top" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
}
