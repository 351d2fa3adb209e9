# The operator's image; `make image` builds it, docs/operations.md says how to bring it to a cluster. Any base of
# Debian's kind will do that has Python 3.11 or newer with its venv module:
#   make image BASE=registry.example/python:3.12-slim
# Two builds of the same base have one digest: no time, no cache and no log of a build is in it.
# requirements-cli.lock has what `imagestore apply` and `plan` check manifests with, and leaves the kubernetes package out on purpose:
# importing kopf would load it (32 -> 74 MB).
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
COPY requirements-cli.lock dev/image/install.sh /tmp/
# Where packages come from, and whose certificates are trusted for it, is the builder's: neither stays in a layer.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca,target=/run/ca.crt \
    sh /tmp/install.sh /opt/imagestore
COPY operator/imagestore /tmp/imagestore
COPY dev/image/strip.sh /tmp/
RUN sh /tmp/strip.sh /opt/imagestore

FROM ${BASE} AS root
COPY --from=build /opt/imagestore /opt/imagestore
COPY dev/image/bare.sh /tmp/
RUN sh /tmp/bare.sh

# One layer: what was removed above is in none.
FROM scratch
COPY --from=root / /
ENV PATH=/opt/imagestore/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
# A number, so that Kubernetes can tell that it is not root. Any other will do as well.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["imagestore"]
CMD ["run", "--help"]
