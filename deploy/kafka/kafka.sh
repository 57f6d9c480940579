#!/usr/bin/env bash
# A real Apache Kafka broker without Docker: one node, KRaft, for tests and small installations.
#
#   kafka.sh install   fetch the jars named in pom.xml (needs Maven; done once, safe to run concurrently)
#   kafka.sh start     format the data directory when it is new, start, wait until clients are accepted
#   kafka.sh stop      stop cleanly, by force after STOP_SECONDS
#   kafka.sh wipe      delete every record and topic (refused while the broker runs)
#
# From the environment: KAFKA_PORT (9092), KAFKA_CONTROLLER_PORT (KAFKA_PORT + 1), KAFKA_DATA (var/kafka beside the
# checkout), KAFKA_LIBS (libs beside this script), KAFKA_HEAP (-Xmx512m). Brokers with other ports and data
# directories run side by side. KAFKA_DATA holds: log/ (records), server.properties, broker.pid, broker.out.
#
# KAFKA_SECURITY, a folder: clients come over TLS with a name and a password (SCRAM-SHA-512), and may do what access control lists allow.
# It holds broker.pem (key and certificate), authorities.pem, and users: a line NAME=PASSWORD each, made when the data directory is
# formatted; the first is the administrator, whom nothing is forbidden.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
libs=${KAFKA_LIBS:-$here/libs}
data=${KAFKA_DATA:-$here/../../var/kafka}
port=${KAFKA_PORT:-9092}
controller_port=${KAFKA_CONTROLLER_PORT:-$((port + 1))}
heap=${KAFKA_HEAP:--Xmx512m}
security=${KAFKA_SECURITY:-}
readonly INSTALL_SECONDS=600 START_SECONDS=90 STOP_SECONDS=30  # a start after kill -9 was measured at 12 s

fail() { echo "kafka.sh: $*" >&2; exit 1; }

running_pid() {  # print the broker's process id; fail when none of ours runs
    local pid
    pid=$(cat "$data/broker.pid" 2>/dev/null) || return 1
    # A pid can be given to another process after a crash: it is ours only while it names this data directory.
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$data/server.properties" || return 1
    echo "$pid"
}

installed() { [ -f "$libs/.complete" ] && cmp -s "$here/pom.xml" "$libs/.complete"; }

install() {
    mkdir -p "$libs"
    exec 9>"$libs/.lock"
    flock --timeout "$INSTALL_SECONDS" 9 || fail "another install did not end within $INSTALL_SECONDS s"
    if installed; then return; fi
    command -v mvn >/dev/null || fail "Maven (mvn) is not installed"
    rm -f "$libs"/*.jar "$libs/.complete"
    timeout "$INSTALL_SECONDS" mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$libs" || fail "Maven could not fetch the jars"
    cp "$here/pom.xml" "$libs/.complete"
}

write_configuration() {
    cat >"$data/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$data/log
auto.create.topics.enable=false
num.partitions=12
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
PROPERTIES
    if [ -n "$security" ]; then secure; fi
    cat >"$data/log4j2.properties" <<'PROPERTIES'
status=warn
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
PROPERTIES
}

secure() {  # of two values of a name the later one counts; ANONYMOUS is who comes to the controller's port on this machine: the broker
    local administrator password
    IFS='=' read -r administrator password <"$security/users" || fail "$security/users names nobody"
    chmod 600 "$data/server.properties"
    cat >>"$data/server.properties" <<SECURITY
listeners=SASL_SSL://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=SASL_SSL://127.0.0.1:$port
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule \
  required username="$administrator" password="$password";
ssl.keystore.type=PEM
ssl.keystore.location=$security/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$security/authorities.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:$administrator;User:ANONYMOUS
SECURITY
}

users() {  # print the arguments of `format` that make the users
    local name password
    if [ -z "$security" ]; then return; fi
    while IFS='=' read -r name password; do
        printf '%s\n' --add-scram "SCRAM-SHA-512=[name=$name,password=$password]"
    done <"$security/users"
}

accepts_clients() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

start() {
    local id pid
    local -a made
    command -v java >/dev/null || fail "Java (17 or newer) is not installed"
    installed || fail "the jars are missing: run kafka.sh install first"
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
    if pid=$(running_pid); then fail "already running with process id $pid"; fi
    if accepts_clients; then fail "port $port is in use"; fi
    write_configuration
    if [ ! -f "$data/log/meta.properties" ]; then
        id=$(java -cp "$libs/*" kafka.tools.StorageTool random-uuid)
        mapfile -t made < <(users)
        java -cp "$libs/*" kafka.tools.StorageTool format -t "$id" -c "$data/server.properties" "${made[@]}" \
            >"$data/format.out" 2>&1 || fail "format failed: $(tail -3 "$data/format.out")"
    fi
    # setsid: an interrupt at the caller's terminal must not take the broker down behind the caller's back.
    setsid java "$heap" -server -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
        -Dlog4j2.configurationFile="$data/log4j2.properties" -cp "$libs/*" kafka.Kafka "$data/server.properties" \
        >>"$data/broker.out" 2>&1 </dev/null 9>&- &
    pid=$!
    echo "$pid" >"$data/broker.pid"
    for ((i = 0; i < START_SECONDS * 10; i++)); do
        if accepts_clients; then return; fi
        kill -0 "$pid" 2>/dev/null || fail "the broker ended while starting: $(tail -5 "$data/broker.out")"
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    fail "no connection accepted within $START_SECONDS s: $(tail -5 "$data/broker.out")"
}

stop() {
    local pid
    data=$(cd "$data" 2>/dev/null && pwd) || return 0
    pid=$(running_pid) || { rm -f "$data/broker.pid"; return 0; }
    kill -TERM "$pid"
    for ((i = 0; i < STOP_SECONDS * 10; i++)); do
        running_pid >/dev/null || { rm -f "$data/broker.pid"; return 0; }
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$data/broker.pid"
    echo "kafka.sh: did not stop within $STOP_SECONDS s, killed" >&2
}

wipe() {
    data=$(cd "$data" 2>/dev/null && pwd) || return 0
    if running_pid >/dev/null; then fail "the broker runs: stop it first"; fi
    rm -rf -- "$data/log"
}

case "${1:-}" in
    install | start | stop | wipe) "$1" ;;
    *) fail "usage: kafka.sh install|start|stop|wipe" ;;
esac
