# The operator's image. Any base with Python 3.11 or newer and its venv module will do:
#   docker build --build-arg BASE=python:3.12-slim --tag imagestore .
# requirements.lock leaves the kubernetes package out on purpose: importing kopf would load it (32 -> 74 MB).
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/imagestore
COPY requirements.lock /tmp/
RUN /opt/imagestore/bin/pip install --require-hashes --only-binary :all: --requirement /tmp/requirements.lock \
 && /opt/imagestore/bin/pip uninstall --yes pip setuptools
COPY operator/imagestore /tmp/imagestore
# Compiled here: at run time the root file system is read-only.
RUN site=$(/opt/imagestore/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
 && cp -R /tmp/imagestore "$site/imagestore" \
 && /opt/imagestore/bin/python -m compileall -q "$site" \
 && ! /opt/imagestore/bin/python -c 'import kubernetes' 2>/dev/null

FROM ${BASE}
COPY --from=build /opt/imagestore /opt/imagestore
ENV PATH=/opt/imagestore/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python", "-m", "imagestore"]
CMD ["run", "--help"]
