#!/bin/sh
# Stands where a coding assistant would: it reads a task, works on files, and says what it did.
set -eu
task=$(cat)
mkdir -p "$SITE"
case $1 in
writer)
    sleep 1 # time to think, and to be killed in
    page=${task##* }
    if [ "$page" = others ]; then
        page=index
        links=$(cd "$SITE" && for one in *.html; do echo "<a href=\"$one\">${one%.html}</a>"; done)
    else
        links='<a href="index.html">back</a>'
    fi
    printf '<h1>%s</h1>\n%s\n' "$page" "$links" >"$SITE/$page.html"
    echo "$page" >>"$SITE/written.txt"
    echo "wrote $page.html"
    ;;
checker)
    cd "$SITE"
    for link in $(sed -n 's/.*href="\([^"]*\)".*/\1/p' ./*.html | sort -u); do
        [ -e "$link" ] || { echo "$link is missing" >&2 && exit 1; }
    done
    echo "$(ls ./*.html | wc -l) pages, every link leads somewhere"
    ;;
esac
