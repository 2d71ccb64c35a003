# SPDX-License-Identifier: MIT
# Groups, sorts and rewrites an array of documents.
(map(select(.flag)) | group_by(.name) | map({name: .[0].name, ids: map(.id)}) | .[:100]),
([.[].tags[]] | group_by(.) | map({key: .[0], value: length}) | sort_by(-.value, .key)
  | from_entries),
(.[] | .more |= map(add) | .text |= (ascii_upcase | split(" ") | sort | join(",")) | del(.scores)
  | .id += 1),
(map(.scores | to_entries | map(.value)) | flatten | length)
