# The guard of a Fusion process: reads "+ PID" and "- PID" until the pipe closes, then ends those process groups and
# all their descendants. It needs a POSIX shell and, to find descendants that left their group, /proc.
# "? KEY EPOCH ATTEMPT" says that a program with these FUSION_* variables is about to be started, and "!" that it was: one
# that was just being started when the pipe closed is known by them alone. That needs a grep with -z.
trap '' HUP INT TERM QUIT
# Sets `left` to the living descendants (by parent, group, session) of the groups $1 that are in other groups.
# Those of $2 are known to descend from them.
descendants() {
  all=" $1 $2 "; left=$2; grown=1
  while [ "$grown" ]; do
    grown=
    for stat in /proc/[0-9]*/stat; do
      { read -r line < "$stat"; } 2>/dev/null || continue
      pid=${line%% *}; rest=${line##*") "}; state=${rest%% *}; rest=${rest#* }
      parent=${rest%% *}; rest=${rest#* }; group=${rest%% *}; rest=${rest#* }; session=${rest%% *}
      case $state in Z | X) continue ;; esac
      case $all in *" $pid "*) continue ;; esac
      case $all in *" $parent "* | *" $group "* | *" $session "*) all="$all$pid "; grown=1 ;; *) continue ;; esac
      case " $1 " in *" $group "*) ;; *) left="$left $pid" ;; esac
    done
  done
}
signal() {
  for group in $2; do kill -s "$1" -- "-$group"; done
  for pid in $3; do kill -s "$1" "$pid"; done
}
# Kills the programs that were being started: they come within moments, and lead groups of their own.
unborn() {
  looks=0
  while [ "$looks" -lt 10 ]; do
    set -f
    for mark in $1; do
      set +f
      key=${mark%%,*}; rest=${mark#*,}
      for file in $(grep -lsxzF "FUSION_IDEMPOTENCY_KEY=$key" /proc/[0-9]*/environ); do
        grep -qsxzF "FUSION_EPOCH=${rest%,*}" "$file" || continue
        grep -qsxzF "FUSION_ATTEMPT=${rest#*,}" "$file" || continue
        pid=${file#/proc/}; pid=${pid%/environ}
        kill -s KILL -- "-$pid"; kill -s KILL "$pid"
      done
    done
    looks=$((looks + 1)); sleep 0.1
  done
}
watch() {
  live=' '; soon=' '
  while read -r verb pid; do
    case $verb in
      +) live="$live$pid " ;;
      -) live="${live%% $pid *} ${live#* $pid }" ;;
      \?) soon="$soon$pid " ;;
      !) soon="${soon%% "$pid" *} ${soon#* "$pid" }" ;;
    esac
  done
  case $soon in *[!\ ]*) unborn "$soon" & ;; esac
  [ "${live# }" ] || return
  descendants "$live" ''; signal TERM "$live" "$left"
  sleep 1
  descendants "$live" "$left"; signal KILL "$live" "$left"
}
exec 3<&0 2>/dev/null
watch <&3 3<&- &
