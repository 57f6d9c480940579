#!/usr/bin/env bash
# Make one role and one database of its own for each service; the passwords come from files.
# Run once, by the PostgreSQL image, when the data directory is new. SECRETS says where the files are.
set -euo pipefail

secrets=${SECRETS:-/run/secrets}

for service in reading billing collection notify; do
    password=$(cat "$secrets/postgres_$service")
    [ -n "$password" ] || { echo "the password of $service is empty" >&2; exit 1; }
    # By the environment: a password does not belong in a process list, and \set would read escapes in it.
    SERVICE=$service PASSWORD=$password psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet \
        --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv service SERVICE
\getenv password PASSWORD
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
