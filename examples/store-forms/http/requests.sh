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

# What the server has: everything, then only what is new since the answer's timestamp.
ask "$URL/api/v1/sync/pull" -H 'Content-Type: application/json' -d @"$here/pull.json"
ask "$URL/api/v1/sync/pull?device_id=store-iphone-001&tables=forms,submissions"

# What the device has: a submission with its answers, one mutation.
ask "$URL/api/v1/sync/push" -H 'Content-Type: application/json' -d @"$here/push.json"

# The server's overview.
ask "$URL/api/v1/sync/status"
