#!/bin/sh
# Every night: back up, verify a seventh, and prune. On Sundays also restore a sample. An exit code other than 0 needs attention.
# Run from the folder that holds backend.yaml and repository.key, for example by a systemd timer or cron.
set -eu

repository=us/shop-backups/photos
source=eu/shop--photos
options="-f backend.yaml --offline --key-file repository.key"
day=$(date -u +%u) # 1 to 7

imagestore backup create $repository $source $options "$@"
imagestore backup verify $repository --level full --share "$day/7" $options
if [ "$day" = 7 ] || [ -n "${DRILL:-}" ]; then
  imagestore backup drill $repository $source --sample 100 $options
fi
imagestore backup prune $repository --keep-last 7 --keep-weekly 5 --keep-monthly 12 $options
