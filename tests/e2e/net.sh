#!/bin/sh
# Runs a command in a network namespace of its own: loopback and one veth pair, nothing leaves the machine
# and nothing else is heard. Without the right to make one (no root, no user namespaces) it runs as it is.
#   sh tests/e2e/net.sh COMMAND...
# Chromium without microphone permission gathers no candidate when loopback is all there is: hence the pair.
# Its links are up and its addresses are all there before the command starts: what comes later (a carrier, an
# IPv6 address found to be nobody else's) is a change of the network to Chromium, which drops what it is loading.
setup='ip link set lo up && ip link add tc0 type veth peer name tc1 && ip addr add 10.77.0.1/24 dev tc0 &&
	ip link set tc0 addrgenmode none && ip link set tc1 addrgenmode none &&
	ip link set tc0 up && ip link set tc1 up && ip route add default via 10.77.0.254 dev tc0 &&
	for try in $(seq 100); do [ "$(ip -o link show up | grep -c "tc[01]@.*state UP")" = 2 ] && break; sleep 0.1; done'
for how in "unshare -n" "unshare -rn"; do
	if $how sh -c "$setup" 2>/dev/null; then
		exec $how sh -c "$setup && exec \"\$@\"" net "$@"
	fi
done
echo "no network namespace here: the test shares the machine's network" >&2
exec "$@"
