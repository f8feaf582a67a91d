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

# A report made offline; its answer has the server's whole number.
ask "$URL/api/v1/sync/upload" -H 'Content-Type: application/json' -d @"$here/upload.json"

# What is new since a time; the next one begins at the answer's sync_timestamp.
ask "$URL/api/v1/sync/download?since=2025-10-19T10:00:00Z&device_id=abc-123"

# How this device is doing.
ask "$URL/api/v1/sync/status?device_id=abc-123"

# The same report edited on two devices: the second one has a conflict.
ask "$URL/api/v1/sync/upload" -H 'Content-Type: application/json' -d @"$here/edit-on-one.json"
ask "$URL/api/v1/sync/upload" -H 'Content-Type: application/json' -d @"$here/edit-on-the-other.json"
conflicts=$(ask "$URL/api/v1/sync/conflicts")
echo "$conflicts"

# The user chooses: server_wins, client_wins or merge.
conflict_id=$(echo "$conflicts" | take conflict_id)
ask "$URL/api/v1/sync/resolve-conflict" -H 'Content-Type: application/json' \
  -d "{\"conflict_id\": \"$conflict_id\", \"resolution\": \"client_wins\"}"
