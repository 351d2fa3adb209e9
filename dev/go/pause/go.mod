module imagestore.dev/build/pause

go 1.26.0
