#!/bin/sh
# In the image's build stage: imagestore goes into the environment FOLDER, and what it never runs goes out.
set -eu
folder=$1
python=$folder/bin/python
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

cp -R /tmp/imagestore "$site/imagestore"
# A clone that was made under another umask has other modes, and the image's user may not read its files.
chmod -R u=rwX,go=rX "$site/imagestore"

# botocore describes four hundred services; s3 is ours, and sts turns a web identity into credentials (IRSA).
find "$site/botocore/data" -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts -exec rm -rf {} +
# CEL's extensions are 37 of its 51 MB; the rules of our schema use none of them.
rm -rf "$site/cel_expr_python/ext" "$site/boto3/examples" "$folder/share" "$folder/include" "$folder"/bin/[Aa]ctivate*

printf '%s\n' "#!$python" 'import sys' '' 'from imagestore.__main__ import main' '' 'sys.exit(main())' \
  > "$folder/bin/imagestore"
chmod 755 "$folder/bin/imagestore"

! "$python" -c 'import kubernetes' 2>/dev/null
