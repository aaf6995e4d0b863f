#!/bin/sh
# Docker, for laptops and cron: the checkout is read-only, the result goes to out/, what is known from
# run to run to .pipeline/, and nothing runs as root.
set -eu

mkdir -p out .pipeline
docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --user "$(id -u):$(id -g)" --env SLACK_WEBHOOK_URL \
  --volume "$PWD:/work:ro" --volume "$PWD/out:/out" --volume "$PWD/.pipeline:/work/.pipeline" \
  --workdir /work \
  ghcr.io/org/pipeline-action:1 \
  --definition shop --environment production --results /out/pipeline-results.json "$@"
