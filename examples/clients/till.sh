#!/usr/bin/env bash
# A till of curl, and the same over MQTT with mosquitto_rr.
#
#   till.sh http://127.0.0.1:8480 visitor TOKEN 6970000000031          sells one for exact cash
#   till.sh mqtt://127.0.0.1:1883/s1 visitor TOKEN 6970000000031       the same, over MQTT 5
#
# The key stays the same however often the sale has to be sent: it happens once.
set -euo pipefail
box=$1 terminal=$2 token=$3 code=$4

ask() { # operation body
  if [[ $box == mqtt://* ]]; then
    local rest=${box#mqtt://} topic
    topic=edge/v1/${rest#*/}/$terminal
    mosquitto_rr -V 5 -h "${rest%%:*}" -p "$(cut -d: -f2 <<<"${rest%%/*}")" -u "$terminal" -P "$token" \
      -q 1 -W 5 -t "$topic/req/$1" -e "$topic/rsp/$1" -m "$2"
  else
    curl -s --max-time 15 "$box/v1/$1" -H "Authorization: Bearer $terminal:$token" \
      -H 'Content-Type: application/json' -d "$2"
  fi
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"; }
new_key() { # UUIDv7 (RFC 9562 section 5.7): milliseconds, then chance
  local ms random
  ms=$(printf '%012x' "$(date +%s%3N)")
  random=$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n')
  echo "${ms:0:8}-${ms:8:4}-7${random:0:3}-a${random:3:3}-${random:6:12}"
}

lines="[{\"code\":\"$code\",\"quantity\":\"1\"}]"
quoted=$(ask quote "{\"lines\":$lines}")
total=$(field total <<<"$quoted")
[ -n "$total" ] || { field detail <<<"$quoted" >&2; exit 1; }
key=$(new_key)
sale="{\"key\":\"$key\",\"cashier\":\"amy\",\"lines\":$lines,\"quote\":\"$(field quote <<<"$quoted")\",
  \"expected_total\":$total,\"tenders\":[{\"kind\":\"cash\",\"amount\":$total}]}"

until answer=$(ask sell "$sale") && [ -n "$answer" ] && [ "$(field retry <<<"$answer")" != same ]; do
  sleep 1 # no answer says nothing: the same again, with the same key
done
receipt=$(field text <<<"$answer")
[ -n "$receipt" ] || { field detail <<<"$answer" >&2; exit 1; }
echo "$receipt"
