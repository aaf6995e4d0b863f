# One file, two images: `action` (the last target, for GitHub) and `runtime` (for everything else).
#   docker build --target runtime -t runner .
# docs/image.md says what is in them, and why.
ARG BASE=debian:trixie-slim

# --- what is installed: the lock's wheels, the runner, its prepared validators -------------------------
FROM ${BASE} AS build
RUN apt-get update && apt-get install --yes --no-install-recommends binutils python3 python3-pip
COPY requirements.lock /build/
RUN python3 -m pip install --require-hashes --only-binary=:all: --no-compile --no-cache-dir --no-deps \
      --disable-pip-version-check --root-user-action=ignore --target /site --requirement /build/requirements.lock
COPY runner /site/runner
COPY definitions /site/runner/builtin
COPY entrypoint.py LICENSE /opt/pipeline-runner/
# Nobody reads type stubs, tests of libraries or debug symbols there, and what rich needs to colour code and to lay out
# Markdown: the runner draws a few lines with it, and it imports them nowhere on the way. The validators are prepared and everything is
# compiled, with the paths that it will have; compiled files are trusted as they are, for nobody edits their sources.
# Whatever the checkout's modes were: everybody reads, only root writes.
RUN rm -rf /site/bin /site/pygments* /site/markdown_it* /site/mdurl* && find /site -name '*.pyi' -delete \
 && find /site -type d '(' -name tests -o -name testing ')' -prune -exec rm -rf {} + \
 && find /site -name '*.so*' -exec strip --strip-unneeded {} + \
 && cd /site && python3 -m runner.prepare && find /site -name __pycache__ -prune -exec rm -rf {} + \
 && python3 -m compileall -qf --invalidation-mode unchecked-hash \
      -s /site -p /usr/local/lib/python3.13/dist-packages /site \
 && chmod -R u=rwX,go=rX /site /opt/pipeline-runner && chmod 755 /opt/pipeline-runner/entrypoint.py

# --- the common part of both images --------------------------------------------------------------------
FROM ${BASE} AS common
# python3-minimal brings the interpreter, libpython3-stdlib the rest of its library, and neither pip nor a compiler;
# ca-certificates the authorities; tini the first process, which reaps what others leave behind.
# Of the library goes what nothing here imports: test suites, Tk, IDLE, pydoc, pip's wheels. The rest is compiled, also
# what compiling itself has compiled by the way (-f).
# What nobody needs to be: writable for all (but /tmp and /work), or run with somebody else's rights.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libpython3-stdlib python3-minimal tini \
 && cd /usr/lib/python3.13 && rm -rf ensurepip idlelib pydoc_data test tkinter turtledemo turtle.py \
 && find /usr/lib/python3* -name __pycache__ -prune -exec rm -rf {} + \
 && python3 -m compileall -qf --invalidation-mode unchecked-hash /usr/lib/python3.13 \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* \
      /usr/bin/tini-static \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && chmod 755 /run/lock /var/tmp && mkdir --mode=1777 /work
COPY --from=build /site /usr/local/lib/python3.13/dist-packages
COPY --from=build /opt/pipeline-runner /opt/pipeline-runner
RUN ln -s /opt/pipeline-runner/entrypoint.py /usr/local/bin/pipeline-runner
ENV LANG=C.UTF-8
WORKDIR /work
# -s: reaps also where it is not the first process; -g: a signal reaches the children of a shell, too
ENTRYPOINT ["/usr/bin/tini", "-s", "-g", "--", "/usr/bin/python3", "-I", "/opt/pipeline-runner/entrypoint.py"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pipeline-runner" \
      org.opencontainers.image.description="A containerised runner for health pipelines as code" \
      org.opencontainers.image.source="https://github.com/org/pipeline-action" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# --- for laptops, Kubernetes and other CI systems: nobody's user -----------------------------------------
FROM common AS runtime
USER 65532:65532

# --- for GitHub, whose mounts need root: the run itself is handed to the owner of the workspace ------------
FROM common AS action
