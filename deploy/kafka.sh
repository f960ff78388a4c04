#!/usr/bin/env bash
# Format the storage on the first start, then become the broker. Runs inside the image of Apache Kafka.
set -euo pipefail
# What the tool prints holds the derived keys of the administrator.
/opt/kafka/bin/kafka-storage.sh @/run/secrets/format.arguments >/dev/null
exec /opt/kafka/bin/kafka-server-start.sh /run/secrets/server.properties
