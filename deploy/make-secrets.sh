#!/usr/bin/env bash
# Make random secrets, and with them an environment file for each service; what exists is kept.
#
#   deploy/make-secrets.sh [FOLDER]     FOLDER (var beside this checkout): secrets/ for compose, environments/ for systemd
#
# From the environment, for the environment files: POSTGRES (127.0.0.1:5432), KAFKA (127.0.0.1:9092). NAME.env is what the service NAME is
# told, NAME-migrate.env what `wattline migrate NAME` is told: it alone knows the role that owns the tables.
# The folders are closed to others; the secrets are readable, because the containers' own users must read them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SERVICES=(reading billing collection notify) CHANNELS=(bank app wallet kiosk)
folder=${1:-var}
umask 077
mkdir -p "$folder/secrets" "$folder/environments"

random() { head -c 36 /dev/urandom | base64 | tr '+/' '-_'; }

keep() {  # FILE MODE: write standard input to a file that is not there yet
    if [ -e "$1" ]; then cat >/dev/null; return; fi
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}

channel_secrets() {
    local channel comma=
    printf '{'
    for channel in "${CHANNELS[@]}"; do
        printf '%s"%s": "%s"' "$comma" "$channel" "$(random)"
        comma=', '
    done
    printf '}\n'
}

told() {  # SERVICE: the lines of its environment file
    local secrets=$folder/secrets
    echo "WATTLINE_DATABASE_URL=postgresql+asyncpg://{service}@${POSTGRES:-127.0.0.1:5432}/{service}"
    echo "WATTLINE_DATABASE_PASSWORD=$(cat "$secrets/postgres_$1")"
    echo "WATTLINE_EVENT_LOG=kafka://${KAFKA:-127.0.0.1:9092}"
    echo "WATTLINE_TOKEN_ALGORITHM=EdDSA"
    echo "WATTLINE_TOKEN_KEY='$(tr '\n' ' ' <"$secrets/token_key")'"
    case $1 in
        reading)
            echo "WATTLINE_DEVICE_MASTER_KEY=$(cat "$secrets/device_master_key")"
            echo "WATTLINE_SUPPLY_SECRET=$(cat "$secrets/supply_secret")"
            echo "# WATTLINE_SUPPLY_URL"
            ;;
        collection) echo "WATTLINE_CHANNEL_SECRETS='$(cat "$secrets/channel_secrets")'" ;;
        notify)
            echo "WATTLINE_LINK_KEY=$(cat "$secrets/link_key")"
            echo "WATTLINE_PERSONAL_KEY=$(cat "$secrets/personal_key")"
            echo "WATTLINE_BOUNCE_KEY=$(cat "$secrets/bounce_key")"
            echo "WATTLINE_APP_SECRET=$(cat "$secrets/app_secret")"
            printf '# %s\n' WATTLINE_SMTP_{HOST,PORT=587,SECURITY=starttls,SENDER,USERNAME,PASSWORD} WATTLINE_PUBLIC_URL \
                WATTLINE_BOUNCE_ADDRESS WATTLINE_IMAP_{HOST,PORT=993,SECURITY=tls,USERNAME,PASSWORD} WATTLINE_RECEIPTS_URL \
                WATTLINE_SMS_{URL,USER,SENDER,SECRET,RECEIPT_SECRET} WATTLINE_APP_URL \
                WATTLINE_WECHAT_{APP_ID,SECRET,TOKEN,TEMPLATES}
            ;;
    esac
}

for name in postgres_superuser "${SERVICES[@]/#/postgres_}" device_master_key link_key personal_key bounce_key; do
    random | keep "$folder/secrets/$name" 444
done
# the services are told the public key: none of them can make a token
openssl genpkey -algorithm ed25519 | keep "$folder/secrets/token_signing_key" 400
openssl pkey -in "$folder/secrets/token_signing_key" -pubout | keep "$folder/secrets/token_key" 444
if ! grep -q "PUBLIC KEY" "$folder/secrets/token_key"; then
    echo "$folder/secrets/token_key is a secret that all services shared: remove it and $folder/environments, and run this again" >&2
    exit 1
fi
for service in "${SERVICES[@]}"; do
    random | keep "$folder/secrets/postgres_${service}_owner" 444
done
channel_secrets | keep "$folder/secrets/channel_secrets" 444
keep "$folder/secrets/device_master_key_previous" 644 </dev/null  # empty but while the master key is replaced
keep "$folder/secrets/personal_key_previous" 644 </dev/null  # the same
printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)" | keep "$folder/secrets/app_secret" 444  # the app is told it too
printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)" | keep "$folder/secrets/supply_secret" 444  # the head-end is told it too
keep "$folder/secrets/supply_secret_previous" 644 </dev/null  # the same
keep "$folder/secrets/app_secret_previous" 644 </dev/null  # empty but while it is replaced
# what only you know, or what you settle with who runs the gateway; empty where there is none
for name in smtp_password imap_password sms_secret sms_receipt_secret wechat_secret wechat_token; do
    keep "$folder/secrets/$name" 644 </dev/null
done

for service in "${SERVICES[@]}"; do
    told "$service" | keep "$folder/environments/$service.env" 600
    {
        told "$service"
        echo "WATTLINE_DATABASE_OWNER={service}_owner"
        echo "WATTLINE_DATABASE_OWNER_PASSWORD=$(cat "$folder/secrets/postgres_${service}_owner")"
    } | keep "$folder/environments/$service-migrate.env" 600
done
