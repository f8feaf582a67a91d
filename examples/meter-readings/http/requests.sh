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

# Everything the reader may hold, a page at a time; the next pull begins at next_token.
pulled=$(ask "$URL/api/v1/mobile/sync/pull" -H 'Content-Type: application/json' -d @"$here/pull.json")
echo "$pulled"
token=$(echo "$pulled" | take next_token)

# It is durable on the device: the server may forget what it kept for it.
ask "$URL/api/v1/mobile/sync/ack" -H 'Content-Type: application/json' \
  -d "{\"ack_token\": \"$token\", \"device_id\": \"device-uuid-123\"}"

# Somebody in the office, who is up to date, writes another reading first.
office=$(AS=$ADMIN_TOKEN ask "$URL/api/v1/mobile/sync/pull" -H 'Content-Type: application/json' \
  -d '{"device_id": "office"}' | take next_token)
sed "s|CLIENT_SYNC_TOKEN|$office|" "$here/push-office.json" |
  AS=$ADMIN_TOKEN ask "$URL/api/v1/mobile/sync/push" -H 'Content-Type: application/json' -d @-

# A submission and a reading: the one goes through, the other meets a newer version.
pushed=$(sed "s|CLIENT_SYNC_TOKEN|$token|" "$here/push.json" |
  ask "$URL/api/v1/mobile/sync/push" -H 'Content-Type: application/json' -d @-)
echo "$pushed"
batch_id=$(echo "$pushed" | take batch_id)
conflict_id=$(echo "$pushed" | take conflict_id)

# The administrator looks at both sides, and accepts the device's.
AS=$ADMIN_TOKEN ask "$URL/api/v1/mobile/conflicts/$conflict_id"
AS=$ADMIN_TOKEN ask "$URL/api/v1/mobile/conflicts/$conflict_id/resolve" -H 'Content-Type: application/json' \
  -d '{"resolution": "accept_client"}'

# The batch once more: everything in it is settled, nothing is done twice.
AS=$ADMIN_TOKEN ask "$URL/api/v1/mobile/batches/$batch_id/replay" -H 'Content-Type: application/json' -d '{"dry_run": true}'
