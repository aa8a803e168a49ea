#!/bin/sh
# Written by `twinhype hypervisor install`, removed by `twinhype hypervisor uninstall`.
# Never fails: a kernel without hypervisors A and B has its stock KVM, and apt must not stop half-way.
release=$1
[ -n "$release" ] || exit 0

launcher=@LAUNCHER@
needs_headers=@NEEDS_HEADERS@
log=${TWINHYPE_HOOK_LOG:-@LOG@}
JAVA_HOME=@JAVA_HOME@
XDG_CACHE_HOME=@CACHE_HOME@
# The launcher must not call apt from within apt.
TWINHYPE_NO_APT=1
HOME=${HOME:-/root}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export XDG_CACHE_HOME TWINHYPE_NO_APT HOME PATH
[ -z "$JAVA_HOME" ] || export JAVA_HOME
# Debian's own tools are asked questions below; none of them is debconf.
unset DEBIAN_HAS_FRONTEND DEBCONF_REDIR

say() {
    echo "twinhype: $*" >&2
    logger -t twinhype -p daemon.warning -- "$*" 2>/dev/null || :
}

run() {
    { echo "--- $(date -u +%FT%TZ) kernel $release: $launcher $*"; } >>"$log" 2>/dev/null || log=/dev/null
    "$launcher" "$@" </dev/null >>"$log" 2>&1
}

reason() {
    [ "$log" = /dev/null ] || grep '^twinhype: ' "$log" | tail -n 1 | cut -c 11- | sed 's|\.$||'
}

if [ ! -x "$launcher" ]; then
    say "$launcher is gone: kernel $release is left as it is, with stock KVM unless it has hypervisors already. Put it" \
        "back, or remove this hook, $0."
    exit 0
fi
