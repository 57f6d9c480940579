#!/usr/bin/env bash
# Make a database for each service with two roles: NAME_owner owns the tables and migrates them, NAME is the service and owns nothing.
# The passwords come from files.
# Run once, by the PostgreSQL image, when the data directory is new. SECRETS says where the files are.
set -euo pipefail

secrets=${SECRETS:-/run/secrets}

for service in reading billing collection notify; do
    password=$(cat "$secrets/postgres_$service")
    owner_password=$(cat "$secrets/postgres_${service}_owner")
    if [ -z "$password" ] || [ -z "$owner_password" ]; then echo "a password of $service is empty" >&2; exit 1; fi
    # By the environment: a password does not belong in a process list, and \set would read escapes in it.
    export SERVICE=$service OWNER=${service}_owner PASSWORD=$password OWNER_PASSWORD=$owner_password
    psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet \
        --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv service SERVICE
\getenv owner OWNER
\getenv password PASSWORD
\getenv owner_password OWNER_PASSWORD
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
SQL
done
