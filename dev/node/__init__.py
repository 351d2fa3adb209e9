"""A real node on this machine: kubelet, containerd and their pods, in namespaces that end with the process."""
