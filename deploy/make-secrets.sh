#!/usr/bin/env bash
# Make the secrets of docker-compose.yml, random, in var/secrets; those that exist are kept.
# The folder is closed to others; the files are readable, because the containers' own users must read them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

umask 077
mkdir -p var/secrets
for name in postgres_superuser postgres_reading postgres_billing postgres_collection postgres_notify \
    token_key device_master_key; do
    file=var/secrets/$name
    if [ -e "$file" ]; then continue; fi
    head -c 36 /dev/urandom | base64 | tr '+/' '-_' >"$file.new"
    chmod 444 "$file.new"
    mv "$file.new" "$file"
done
