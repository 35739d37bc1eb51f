#!/bin/sh
# vpn in its portable form: this script, and behind it the program and its runtime as a gzipped tar
# archive. The first start unpacks them into a private directory; later ones go straight there.
set -eu

sha256='@SHA256@' # of the archive
offset=@OFFSET@ # of the archive in this file, in bytes, counted from 1
self=$0

die() {
  echo "vpn: $1" >&2
  exit 1
}

# A program that is started costs as much time as all the rest here, so that one stat says all.

# The effective user, as id -u says it.
user=
while read -r key _ effective _; do
  [ "$key" = Uid: ] || continue
  user=$effective
  break
done 2>/dev/null </proc/self/status || true
[ -n "$user" ] || user=$(id -u)

# Where to. A root that runs with a user's HOME (sudo -E) must not trust what is there.
if [ -n "${XDG_CACHE_HOME:-}" ]; then
  cache=$XDG_CACHE_HOME
elif [ "$user" = 0 ]; then
  cache=/var/cache
elif [ -n "${HOME:-}" ]; then
  cache=$HOME/.cache
else
  die 'no place to unpack to: set XDG_CACHE_HOME or HOME'
fi
case $cache in
/*) ;;
*) die "$cache: not an absolute path: set XDG_CACHE_HOME to one" ;;
esac
[ -d "$cache/vpn" ] || (umask 077 && mkdir -p "$cache/vpn") ||
  die "$cache/vpn: cannot be made: set XDG_CACHE_HOME"

newline='
'
# What look finds when all files are there in full.
whole="@WHOLE@"

# Looks at the files and at all directories on the way to them: $found has a line for each.
look() {
  found=$(
    cd -P "$cache/vpn" || exit 1
    root=$PWD
    target=$root/$sha256
    directory=$target
    [ -e "$target" ] || directory=$root
    set --
    while :; do
      set -- "$@" "$directory"
      [ "$directory" != / ] || break
      directory=${directory%/*}
      directory=${directory:-/}
    done
    echo "$root"
    cd "$target" 2>/dev/null || exec stat -c '%s %a %u %n' "$@"
    exec stat -c '%s %a %u %n' @FILES@ "$@" 2>/dev/null
  ) || [ -n "$found" ] || exit 1
  root=${found%%"$newline"*}
  target=$root/$sha256
  found=${found#"$root$newline"}
}

# Whoever may rename a directory on the way could put another program there: each one must belong to
# root or to this user, and nobody else may write to it. In a sticky one (/tmp) only owners rename.
check_directories() {
  checked=0
  rest=${found#"$whole$newline"}$newline
  while [ -n "$rest" ]; do
    line=${rest%%"$newline"*}
    rest=${rest#*"$newline"}
    words=${line#* } # mode, owner, name
    mode=${words%% *}
    words=${words#* }
    owner=${words%% *}
    name=${words#* }
    case $name in
    /*) ;;
    *) continue ;; # a file
    esac
    case $owner in
    0 | "$user") ;;
    *) die "$name belongs to user $owner, who could exchange the program: set XDG_CACHE_HOME to a directory of your own" ;;
    esac
    if [ $((0$mode & 022)) -ne 0 ] && [ $((0$mode & 01000)) -eq 0 ]; then
      die "$name may be written to by others: chmod go-w it, or set XDG_CACHE_HOME"
    fi
    [ "$name" != / ] || checked=1
  done
  [ "$checked" = 1 ] || die "$root: the directories on the way there cannot be looked at"
}

# Whether all files are there in full: what a crash or a full disk cut short is unpacked anew.
is_whole() {
  case $found in
  "$whole$newline"*) ;;
  *) return 1 ;;
  esac
}

# In a subshell, so that the umask and the traps end with it. The rename makes it all or nothing,
# also when two first starts meet.
unpack() (
  umask 077
  fresh=$root/.unpacking-$$
  trap 'rm -rf "$fresh"' EXIT
  trap 'exit 1' HUP INT TERM
  rm -rf "$fresh"
  mkdir "$fresh" || exit 1
  tail -c "+$offset" "$self" >"$fresh/archive" || exit 1
  [ "$(sha256sum <"$fresh/archive")" = "$sha256  -" ] || die "$self is damaged: copy it again"
  gzip -dc <"$fresh/archive" | tar -x -f - -C "$fresh" --no-same-owner || exit 1
  rm "$fresh/archive"
  (cd "$fresh" && sync @FILES@) || exit 1
  mv -T "$fresh" "$target" 2>/dev/null && exit
  # Another start was first; only what is cut short is replaced: it may be running.
  look
  is_whole || { rm -rf "$target" && mv -T "$fresh" "$target"; }
)

# Has the runtime find out once what its modules import. Otherwise the first process does, and a
# server would keep the 20 MB that it takes.
analyse() {
  (cd "$target" && ./deno cache --no-config --no-lock --no-npm --no-remote @MODULES@) >&2 ||
    die "$target/deno cannot be run"
}

look
check_directories
fresh=0
is_whole || { unpack && fresh=1; } || die "cannot unpack to $root"
[ -x "$target/deno" ] ||
  die "$root: programs cannot be run from there (noexec?): set XDG_CACHE_HOME to another directory"

# The runtime's own cache holds compiled code: it must be as private as the program.
DENO_DIR=$target/cache
DENO_NO_UPDATE_CHECK=1
DENO_NO_PACKAGE_JSON=1
export DENO_DIR DENO_NO_UPDATE_CHECK DENO_NO_PACKAGE_JSON
[ "$fresh" = 0 ] || analyse
# On SIGUSR1 "deno run" would open its inspector, by which any user could take the process over: the
# signal is blocked from the start, and the program asks for it (lib/app/signals.ts).
exec env --block-signal=USR1 "$target/deno" run @FLAGS@ "$target/main.js" "$@"
