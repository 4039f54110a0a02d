# Turns a task list into a workflow: `- [ ] T001 [P] Title`, under `## Phase` headings.
#
# A phase starts when the one before it is done. Inside a phase a task waits for the ones above it, but tasks marked [P]
# that follow one another run side by side. Tasks that are ticked off are left out, unless `all` is true.

function quote(text,  out, i, sign) {
  gsub(/[\001-\037]/, " ", text)
  out = ""
  for (i = 1; i <= length(text); i++) {
    sign = substr(text, i, 1)
    out = out (sign == "\\" || sign == "\"" ? "\\" : "") sign
  }
  return "\"" out "\""
}

# A title is text, whatever looks like a template in it.
function plain(text,  out, two) {
  out = ""
  while (length(text) > 0) {
    two = substr(text, 1, 2)
    if (two == "{{" || two == "{%" || two == "{#") {
      out = out "{{ '" substr(two, 1, 1) "' }}" "{{ '" substr(two, 2, 1) "' }}"
      text = substr(text, 3)
    } else {
      out = out substr(text, 1, 1)
      text = substr(text, 2)
    }
  }
  return out
}

function list(names,  parts, n, i, out) {
  n = split(names, parts, " ")
  out = ""
  for (i = 1; i <= n; i++) out = out (i > 1 ? ", " : "") quote(parts[i])
  return "[" out "]"
}

BEGIN { before = ""; side = ""; count = 0; skipped = 0; sep = ""; names = "" }

{ sub(/\r$/, "") }

/^#/ { if (side != "") before = side; side = ""; next }

/^[ \t]*[-*] \[[ xX~-]\][ \t]*\**T[0-9]+[A-Za-z]?/ {
  match($0, /\[[ xX~-]\]/)
  state = substr($0, RSTART + 1, 1)
  text = substr($0, RSTART + RLENGTH)
  match(text, /T[0-9]+[A-Za-z]?/)
  id = substr(text, RSTART, RLENGTH)
  title = substr(text, RSTART + RLENGTH)
  gsub(/^[ \t*:]+/, "", title)
  if (state != " " && all != "true") { skipped++; next }
  if (id in seen) id = id "-" NR
  seen[id] = 1
  parallel = (title ~ /^\[P\]/)
  if (!parallel && side != "") { before = side; side = "" }
  needs = before
  if (parallel) side = side (side == "" ? "" : " ") id
  else { before = id; side = "" }
  nodes = nodes sep "  " quote(id) ": {\"command\": [\"sh\", \"-c\", " quote(plain(run)) "], \"env\": {\"TASK_ID\": " \
    quote(id) ", \"TASK_TITLE\": " quote(plain(title)) "}, \"needs\": " list(needs) "}"
  sep = ",\n"
  count++
}

END {
  if (count == 0) nodes = "  \"nothing\": {\"command\": [\"true\"]}"
  printf "{\"fusion\": 1, \"name\": \"tasks\", \"nodes\": {\n%s\n},\n", nodes
  printf "\"outputs\": {\"done\": %d, \"skipped\": %d}}\n", count, skipped
}
