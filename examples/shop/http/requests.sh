#!/bin/sh
# Every endpoint of the contract, as curl asks it. URL is the server's, TOKEN a user's,
# ADMIN_TOKEN an administrator's: see the README beside.
set -eu
here=$(dirname "$0")
: "${URL:=http://127.0.0.1:7330}" "${TOKEN:?npx satchel token}" "${ADMIN_TOKEN:?npx satchel token}"
# The answer as one line. Anything but 2xx ends the script.
ask() {
  curl --silent --show-error --fail-with-body -H "Authorization: Bearer ${AS:-$TOKEN}" "$@"
  echo
}
# The text of a field of an answer: take next_token
take() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# Everything the user may hold, as JSON lines; the last line has the cursor to go on from.
ask "$URL/v1/pull" -H 'Content-Type: application/json' -d @"$here/pull.json"

# One mutation. The same request again gets the first outcome.
ask "$URL/v1/push" -H 'Content-Type: application/json' -d @"$here/push.json"
ask "$URL/v1/push" -H 'Content-Type: application/json' -d @"$here/push.json"

# The outcome is stored on the device: the server need not keep it.
ask "$URL/v1/ack" -H 'Content-Type: application/json' -d @"$here/ack.json"

# The server's clock and history, the user's conflicts, what happened to a row.
ask "$URL/v1/status"
ask "$URL/v1/conflicts"
ask "$URL/v1/history/products/product-1"

# For administrators: every device, and the batch as it came.
AS=$ADMIN_TOKEN ask "$URL/v1/clients"
AS=$ADMIN_TOKEN ask "$URL/v1/batches/0192f0c2-22bb-7c33-9d44-5566778899aa"
