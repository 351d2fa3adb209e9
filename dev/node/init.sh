#!/bin/sh
# The first process of the node's namespaces: it makes them a machine of their own, and buries orphans until it ends.
# Nothing here outlives it: mounts, addresses and processes go with the namespaces.
set -eu
scratch=$1

# Sockets, states and the names of network namespaces: none of the machine's is seen, none is left behind but the
# folders' names under /var/lib.
mount -t tmpfs tmpfs /run
for folder in /var/lib/kubelet /var/lib/cni; do
  mkdir -p "$folder"
  mount -t tmpfs tmpfs "$folder"
done

# A kubelet sets these for the whole machine. It reads what it wants to read, and sets nothing.
mkdir -p "$scratch/sysctl"
pretend() {
  echo "$2" > "$scratch/sysctl/${1##*/}"
  mount --bind "$scratch/sysctl/${1##*/}" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000

# The service address is one of this host's own, so no rule has to translate it.
ip link set lo up
ip address add 10.0.0.1/32 dev lo
ip link add cni0 type bridge
ip address add 10.88.0.1/24 dev cni0
ip link set cni0 up

echo "the node's namespaces are there"
# As a shell's child, so that the shell waits, for this one and for whatever is given to it.
sleep infinity
