#!/bin/sh
# Reads "<hash> <subject>" and says what kind of change it is, by the subject's first word.
read -r _ subject
case "$(printf '%s' "$subject" | tr '[:upper:]' '[:lower:]')" in
  fix* | mend* | correct* | report* | kill* | "bring back"*) echo fixed ;;
  test* | prove* | "keep the first"*) echo tests ;;
  doc* | explain* | say* | write* | index*) echo docs ;;
  add* | build* | draw* | drive* | read* | open* | name* | schedule* | lay* | give*) echo added ;;
  *) echo changed ;;
esac
