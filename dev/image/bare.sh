#!/bin/sh
# In the image's last stage, on the base itself: what only a person at a build needs goes out, bytecode comes in.
set -eu

# Whose files `ls -l`, `whoami` and getpass ask for; an unknown number is fine as well.
grep -q '^[^:]*:[^:]*:65532:' /etc/passwd || echo 'imagestore:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd
grep -q '^[^:]*:[^:]*:65532:' /etc/group || echo 'imagestore:x:65532:' >> /etc/group

stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
site=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
rm -rf "$stdlib/ensurepip" "$stdlib/idlelib" "$stdlib/test" "$stdlib/turtledemo" "$stdlib/lib2to3" \
  /usr/share/python-wheels "$site"/pip* "$site"/setuptools* "$site"/wheel* /usr/local/bin/pip* /usr/bin/pip* \
  /var/lib/apt/lists /var/cache/apt /var/cache/debconf /var/cache/ldconfig /var/log \
  /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian /root/.cache /tmp/*
mkdir -p /var/log
find / -xdev -name __pycache__ -type d -prune -exec rm -rf {} +
# Nothing here gains rights by being run.
find / -xdev -perm /6000 -type f -exec chmod a-s {} +

# By an unchecked hash: times are the same in every build, so bytecode that is checked by time would be stale,
# and compiling at each start takes 0.6 s. The root file system is read-only, so it could not be kept either.
python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash "$stdlib" /opt/imagestore || true
