# The guard of a Fusion process: reads "+ PID" and "- PID" until the pipe closes, then ends those process groups and
# all their descendants. It needs a POSIX shell and, to find descendants that left their group, /proc.
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
watch() {
  live=' '
  while read -r verb pid; do
    case $verb in
      +) live="$live$pid " ;;
      -) live="${live%% $pid *} ${live#* $pid }" ;;
    esac
  done
  [ "${live# }" ] || return
  descendants "$live" ''; signal TERM "$live" "$left"
  sleep 1
  descendants "$live" "$left"; signal KILL "$live" "$left"
}
exec 3<&0 2>/dev/null
watch <&3 3<&- &
